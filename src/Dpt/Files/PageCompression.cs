using System.IO.Compression;
using System.Runtime.InteropServices;
using Snappier;
using ZstdSharp;

namespace DPT.Engine.Dpt;

/// <summary>The ways in which Parquet compresses pages that data sets have: none, Snappy, gzip and Zstandard.</summary>
internal static class PageCompression
{
    /// <summary>Unpacks a page.</summary>
    /// <param name="codec">Parquet's number of the way.</param>
    /// <param name="packed">The page.</param>
    /// <param name="length">Its bytes, unpacked.</param>
    /// <exception cref="InvalidDataException">It is damaged, has another length, or is compressed in another way.</exception>
    public static ReadOnlyMemory<byte> Unpack(long codec, ReadOnlyMemory<byte> packed, int length)
    {
        if (length < 0)
        {
            throw new InvalidDataException($"a page has {length} bytes");
        }

        var page = codec == 0 ? [] : new byte[length];
        int unpacked;
        try
        {
            unpacked = codec switch
            {
                0 => packed.Length,
                1 => Snappy.Decompress(packed.Span, page),
                2 => Gunzip(packed, page),
                6 => Zstd(packed.Span, page),
                _ => throw new InvalidDataException($"its pages are compressed in way {codec} of Parquet; those that are read are none, Snappy, gzip and Zstandard"),
            };
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or ZstdException)
        {
            throw new InvalidDataException($"a page cannot be unpacked: {error.Message}", error);
        }

        return unpacked == length
            ? codec == 0 ? packed : page
            : throw new InvalidDataException($"a page has {unpacked} bytes, {length} are announced");
    }

    private static int Zstd(ReadOnlySpan<byte> packed, byte[] page)
    {
        using var unpacker = new Decompressor();
        return unpacker.Unwrap(packed, page);
    }

    private static int Gunzip(ReadOnlyMemory<byte> packed, byte[] page)
    {
        MemoryMarshal.TryGetArray(packed, out var bytes);
        using var content = new GZipStream(new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count), CompressionMode.Decompress);
        return content.ReadAtLeast(page, page.Length, throwOnEndOfStream: false);
    }
}
