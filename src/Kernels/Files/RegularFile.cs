using System.Text;

namespace DPT.Engine.Kernels;

/// <summary>
/// Opens files that somebody else made. What never ends or never begins, a pipe, a device, a folder, is refused before it is
/// opened: opening a pipe would wait for a writer, and reading /dev/zero would fill the memory.
/// </summary>
public static class RegularFile
{
    private const long LargestText = 1 << 28;

    private static readonly UTF8Encoding _strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The content of a text file in UTF-8, without the mark that some programs put before it.</summary>
    /// <param name="path">The file, of at most 256 MiB.</param>
    /// <exception cref="InvalidDataException">It is empty, no regular file, too long, or no UTF-8; the message says where.</exception>
    /// <exception cref="IOException">It is missing or cannot be read.</exception>
    public static string ReadText(string path)
    {
        var bytes = ReadBytes(path, LargestText);
        try
        {
            var text = _strictUtf8.GetString(bytes);
            return text.StartsWith('\uFEFF') ? text[1..] : text;
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException($"byte {error.Index} of it is no UTF-8 text", error);
        }
    }

    /// <summary>The content of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mostBytes">The length that makes sense for its kind.</param>
    /// <exception cref="InvalidDataException">It is empty, no regular file, or longer than allowed.</exception>
    /// <exception cref="IOException">It is missing or cannot be read.</exception>
    public static byte[] ReadBytes(string path, long mostBytes)
    {
        using var file = OpenRead(path, mostBytes);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Opens a file for reading; a link counts as what it leads to.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mostBytes">The length that makes sense for its kind.</param>
    /// <exception cref="InvalidDataException">It is empty, no regular file, or longer than allowed.</exception>
    /// <exception cref="IOException">It is missing or cannot be read.</exception>
    public static FileStream OpenRead(string path, long mostBytes = long.MaxValue)
    {
        var link = new FileInfo(path);
        var file = link.Exists ? link.ResolveLinkTarget(returnFinalTarget: true) ?? link : link;
        if (Directory.Exists(file.FullName))
        {
            throw new InvalidDataException("it is a folder");
        }

        if (!file.Exists)
        {
            throw new FileNotFoundException(
                file == link ? $"the file '{path}' does not exist" : $"the link '{path}' leads nowhere", path);
        }

        // Pipes, sockets and devices have no length, and asking for it does not open them.
        var length = new FileInfo(file.FullName).Length;
        return length switch
        {
            0 => throw new InvalidDataException("it is empty, or a pipe or device; a regular file is asked for"),
            _ when length > mostBytes => throw new InvalidDataException($"it has {length} bytes, the limit is {mostBytes}"),
            _ => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read),
        };
    }
}
