using System.IO.Compression;
using System.Text;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Names that lead out of an archive, and archives of one entry with such a name.</summary>
internal static class HostileArchives
{
    private const int BlockBytes = 512;

    /// <summary>Names that no entry may have, or that are no name of an image that anything says something about.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "../a.png", "../../../../etc/cron.d/a.png", "/etc/a.png", "a/../../a.png", "./a.png", "a//a.png", "..\\a.png", "C:\\a.png", "a/..\\..\\a.png",
        "\\\\host\\share\\a.png", "../", "a/./a.png",
    ];

    /// <summary>A tar archive by the letter of POSIX.</summary>
    public static byte[] Tar(params ReadOnlySpan<(string Name, byte[] Content)> entries)
    {
        var archive = new List<byte>();
        foreach (var (name, content) in entries)
        {
            archive.AddRange([.. TarHeader(name, content.Length), .. content, .. new byte[(BlockBytes - (content.Length % BlockBytes)) % BlockBytes]]);
        }

        return [.. archive, .. new byte[2 * BlockBytes]];
    }

    /// <summary>The block before a file in a tar archive.</summary>
    public static byte[] TarHeader(string name, long size, char type = '0', string mode = "0000644\0")
    {
        var block = new byte[BlockBytes];
        Encoding.ASCII.GetBytes($"{name}").CopyTo(block, 0);
        Encoding.Latin1.GetBytes($"{mode}0000000\00000000\0{Convert.ToString(size, 8).PadLeft(11, '0')}\000000000000\0        {type}").CopyTo(block, 100);
        "ustar\000"u8.CopyTo(block.AsSpan(257));
        Encoding.ASCII.GetBytes($"{Convert.ToString(block.Sum(b => b), 8).PadLeft(6, '0')}\0 ").CopyTo(block, 148);
        return block;
    }

    /// <summary>A zip archive.</summary>
    public static byte[] Zip(params ReadOnlySpan<(string Name, byte[] Content)> entries)
    {
        var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using var entry = archive.CreateEntry(name, CompressionLevel.Optimal).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }

    /// <summary>A file compressed as a whole.</summary>
    public static byte[] Gzip(byte[] content)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        return target.ToArray();
    }
}
