using System.IO.Compression;
using System.Text;

namespace Fuzz;

/// <summary>
/// Changes what is inside of a file of gzip, zip or tar and wraps it again, so that sums of the wrapping do not keep
/// every change from who reads what is inside.
/// </summary>
internal static class Wrapping
{
    private const int BlockBytes = 512;
    private const int MostBytes = 1 << 20;

    /// <summary>A changed copy: of what is inside, or every other time of the file as it is.</summary>
    public static byte[] Change(byte[] file, Random random, Func<byte[], byte[]> change)
    {
        if (random.Next(2) == 0)
        {
            return change(file);
        }

        try
        {
            return file switch
            {
                [0x1f, 0x8b, ..] => Gzip(Change(Unpacked(new GZipStream(new MemoryStream(file), CompressionMode.Decompress)), random, change)),
                [(byte)'P', (byte)'K', 3, 4, ..] => Zip(file, random, change),
                { Length: >= BlockBytes } when file.AsSpan(257, 5).SequenceEqual("ustar"u8) => WithTarSums(change(file)),
                _ => change(file),
            };
        }
        catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            return change(file);
        }
    }

    private static byte[] Gzip(byte[] content)
    {
        using var file = new MemoryStream();
        using (var gzip = new GZipStream(file, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        return file.ToArray();
    }

    /// <summary>The archive with one of its entries changed.</summary>
    private static byte[] Zip(byte[] file, Random random, Func<byte[], byte[]> change)
    {
        using var source = new ZipArchive(new MemoryStream(file));
        using var changed = new MemoryStream();
        using (var target = new ZipArchive(changed, ZipArchiveMode.Create, leaveOpen: true))
        {
            var chosen = random.Next(source.Entries.Count);
            foreach (var entry in source.Entries)
            {
                var content = Unpacked(entry.Open());
                var isStored = entry.CompressedLength == entry.Length;
                var copy = target.CreateEntry(entry.FullName, isStored ? CompressionLevel.NoCompression : CompressionLevel.Fastest);
                copy.LastWriteTime = entry.LastWriteTime;
                using var writer = copy.Open();
                writer.Write(chosen-- == 0 ? Change(content, random, change) : content);
            }
        }

        return changed.ToArray();
    }

    /// <summary>The sum of every block that says that it is the header of a file.</summary>
    private static byte[] WithTarSums(byte[] file)
    {
        for (var at = 0; at + BlockBytes <= file.Length; at += BlockBytes)
        {
            var block = file.AsSpan(at, BlockBytes);
            if (block[257..].StartsWith("ustar"u8))
            {
                var sum = block[148..156];
                sum.Fill((byte)' ');
                Encoding.ASCII.GetBytes($"{Convert.ToString(Sum(block), 8).PadLeft(6, '0')}\0 ").CopyTo(sum);
            }
        }

        return file;
    }

    private static int Sum(ReadOnlySpan<byte> block)
    {
        var sum = 0;
        foreach (var value in block)
        {
            sum += value;
        }

        return sum;
    }

    private static byte[] Unpacked(Stream packed)
    {
        using (packed)
        {
            var content = new byte[MostBytes];
            return content[..packed.ReadAtLeast(content, MostBytes, throwOnEndOfStream: false)];
        }
    }
}
