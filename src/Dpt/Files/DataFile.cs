using System.IO.Compression;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>Reading of files that may be missing, compressed, cut short or forged.</summary>
internal static class DataFile
{
    private const int ChunkBytes = 1 << 24;
    private const int LongestFault = 500;

    /// <summary>The first of <paramref name="names"/> that exists in the folder.</summary>
    public static string Find(string directory, params ReadOnlySpan<string> names)
    {
        RequireDirectory(directory);
        foreach (var name in names)
        {
            var path = Path.Combine(directory, name);
            if (File.Exists(path))
            {
                return path;
            }
        }

        throw new DptException(
            FailureKind.Environment, $"'{directory}' has no {names[0]} (nor {string.Join(", ", names[1..].ToArray())})");
    }

    public static void RequireDirectory(string directory)
    {
        if (!Directory.Exists(directory))
        {
            throw new DptException(FailureKind.Environment, $"the folder '{directory}' does not exist");
        }
    }

    /// <summary>Runs <paramref name="read"/> on the content, decompressed if the name ends in .gz, and words failures.</summary>
    public static T Read<T>(string path, Func<Stream, T> read) => Worded(path, () =>
    {
        using Stream file = RegularFile.OpenRead(path);
        using var content = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
            ? new GZipStream(file, CompressionMode.Decompress)
            : file;
        return read(content);
    });

    /// <summary>Runs <paramref name="read"/> on a file in which it may move about, and words failures.</summary>
    public static T ReadSeekable<T>(string path, Func<Stream, T> read) => Worded(path, () =>
    {
        using var file = RegularFile.OpenRead(path);
        return read(file);
    });

    /// <summary>Runs <paramref name="read"/> on the content of a text file in UTF-8, and words failures.</summary>
    public static T ReadText<T>(string path, Func<string, T> read) => Worded(path, () => read(RegularFile.ReadText(path)));

    /// <summary>Exactly <paramref name="length"/> bytes, after which the stream must end.</summary>
    /// <remarks>Memory grows with what has really arrived: a forged length costs nothing.</remarks>
    public static byte[] ReadToEnd(Stream stream, long length)
    {
        if (length > Array.MaxLength)
        {
            throw new InvalidDataException($"it declares {length} bytes, the limit is {Array.MaxLength}");
        }

        if (stream.CanSeek && stream.Length - stream.Position < length)
        {
            throw new InvalidDataException(
                $"it ends too early: {stream.Length - stream.Position} of {length} bytes are there from byte {stream.Position} on");
        }

        var bytes = new byte[(int)Math.Min(length, ChunkBytes)];
        var done = 0;
        while (true)
        {
            stream.ReadExactly(bytes, done, bytes.Length - done);
            done = bytes.Length;
            if (done == length)
            {
                break;
            }

            Array.Resize(ref bytes, (int)Math.Min(length, 2L * done));
        }

        if (stream.ReadByte() >= 0)
        {
            throw new InvalidDataException($"more bytes follow the {length} that its header declares");
        }

        return bytes;
    }

    /// <summary>What is wrong with a file; what is said may hold as much of its text as it likes.</summary>
    public static DptException Corrupt(string path, string what, Exception? inner = null) =>
        new(FailureKind.Check, $"'{path}' is damaged or of another kind: {OneLine.Beginning(what, LongestFault)}", inner);

    /// <summary>Runs <paramref name="read"/>, and words failures as those of a file.</summary>
    public static T Worded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (EndOfStreamException error)
        {
            throw Corrupt(path, "it ends too early", error);
        }
        catch (InvalidDataException error)
        {
            throw Corrupt(path, error.Message, error);
        }
        catch (FileNotFoundException error)
        {
            throw new DptException(FailureKind.Environment, error.Message, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot read '{path}': {error.Message}", error);
        }
    }
}
