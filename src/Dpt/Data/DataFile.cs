using System.IO.Compression;
using System.Text;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>Reading of files that may be missing, compressed, cut short or forged.</summary>
internal static class DataFile
{
    private const int ChunkBytes = 1 << 24;
    private const long LargestText = 1 << 28;

    private static readonly UTF8Encoding _strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

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
    public static T Read<T>(string path, Func<Stream, T> read)
    {
        try
        {
            using Stream file = RegularFile.OpenRead(path);
            using var content = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
                ? new GZipStream(file, CompressionMode.Decompress)
                : file;
            return read(content);
        }
        catch (EndOfStreamException error)
        {
            throw Corrupt(path, "it ends too early", error);
        }
        catch (InvalidDataException error)
        {
            throw Corrupt(path, error.Message, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot read '{path}': {error.Message}", error);
        }
    }

    /// <summary>Hands a text file in UTF-8 to <paramref name="read"/>, and words failures as <see cref="Read"/> does.</summary>
    public static T ReadText<T>(string path, Func<string, T> read)
    {
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            throw new DptException(FailureKind.Environment, $"the file '{path}' does not exist");
        }

        return Read(path, stream => stream.Length <= LargestText
            ? read(Decode(ReadToEnd(stream, stream.Length)))
            : throw new InvalidDataException($"it has {stream.Length} bytes, the limit for text is {LargestText}"));
    }

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

    public static DptException Corrupt(string path, string what, Exception? inner = null) =>
        new(FailureKind.Check, $"'{path}' is damaged or of another kind: {what}", inner);

    private static string Decode(byte[] bytes)
    {
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
}
