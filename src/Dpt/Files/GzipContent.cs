using System.IO.Compression;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>Archives that are compressed as a whole: what is in them can be reached only by unpacking all.</summary>
internal static class GzipContent
{
    private const long MostUnpacking = 200;
    private const long MostBytes = 1 << 30;
    private const int ChunkBytes = 1 << 16;

    /// <summary>Whether a file is one, by its name.</summary>
    public static bool Names(string path) =>
        path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase);

    /// <summary>All of it, in memory.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or unpacks into too much.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static MemoryStream Unpack(string path)
    {
        using var file = RegularFile.OpenRead(path);
        using var unpacker = new GZipStream(file, CompressionMode.Decompress);
        var content = new MemoryStream();
        var most = Math.Min(MostBytes, MostUnpacking * file.Length);
        var chunk = new byte[ChunkBytes];
        for (int read; (read = unpacker.Read(chunk)) > 0;)
        {
            content.Write(chunk, 0, read);
            if (content.Length > most)
            {
                throw new InvalidDataException(
                    $"it unpacks into more than {MostUnpacking} times its size, or into more than {MostBytes} bytes; unpack it, or make several of it");
            }
        }

        return content;
    }
}
