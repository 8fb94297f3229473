using System.Buffers.Binary;
using System.IO.Compression;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Data files by the letter of their formats.</summary>
internal static class DataFiles
{
    /// <summary>An IDX file of bytes.</summary>
    public static byte[] Idx(uint[] sizes, byte[] data)
    {
        var header = new byte[4 + (4 * sizes.Length)];
        header[2] = 8;
        header[3] = (byte)sizes.Length;
        for (var i = 0; i < sizes.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4 + (4 * i)), sizes[i]);
        }

        return [.. header, .. data];
    }

    /// <summary>Images and labels of a part, <c>train</c> or <c>t10k</c>.</summary>
    public static void WriteIdx(TemporaryFolder folder, string part, int side, byte[] pixels, byte[] labels)
    {
        folder.Write($"{part}-images-idx3-ubyte", Idx([(uint)labels.Length, (uint)side, (uint)side], pixels));
        folder.Write($"{part}-labels-idx1-ubyte", Idx([(uint)labels.Length], labels));
    }

    /// <summary>A CIFAR-10 record.</summary>
    public static byte[] CifarRecord(int label, int offset) =>
        [(byte)label, .. Enumerable.Range(0, 3072).Select(i => (byte)((i / 7) + offset))];

    /// <summary>CIFAR images pickled as Python 2 did it.</summary>
    /// <param name="labels">Their classes, 0 to 255.</param>
    /// <param name="pixels">Their bytes, [N,3072].</param>
    /// <param name="key">Where the classes are.</param>
    public static byte[] CifarPickle(byte[] labels, byte[] pixels, string key = "labels") => PickleText.Of(
        "\x80\u0002}(", Short(key), "](", PickleText.Of([.. labels.Select(label => PickleText.Number(label))]), "e", Short("data"),
        "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\u0085", Short("b"), "\u0087R(K\u0001",
        PickleText.Number(labels.Length), PickleText.Number(3072), "\u0086cnumpy\ndtype\n", Short("u1"), "K\0K\u0001\u0087R(K\u0003",
        Short("|"), "NNNJ\u00ff\u00ff\u00ff\u00ffJ\u00ff\u00ff\u00ff\u00ffK\0tb\u0089T", BitConverter.GetBytes(pixels.Length), pixels, "tbu.");

    /// <summary>The six batches of CIFAR-10 for Python, ten images each, of every class one.</summary>
    public static void WriteCifarPickles(TemporaryFolder folder)
    {
        for (var batch = 1; batch <= 6; batch++)
        {
            folder.Write(
                batch == 6 ? "test_batch" : $"data_batch_{batch}",
                CifarPickle([.. Enumerable.Range(0, 10).Select(label => (byte)label)], [.. Enumerable.Range(0, 10).SelectMany(label => CifarRecord(label, batch)[1..])]));
        }
    }

    /// <summary>A short text of Python 2 on the stack of a pickle.</summary>
    private static byte[] Short(string text) => PickleText.Of("U", text.Length, text);

    /// <summary>The files that <c>make-data-files.py</c> made.</summary>
    public static byte[] Made(string name) => File.ReadAllBytes(PathOf(name));

    /// <summary>Those of a pattern, in the order of their names.</summary>
    public static byte[][] AllMade(string pattern) => [.. Directory.GetFiles(PathOf(""), pattern).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    /// <summary>Those that are kept compressed, as they were made.</summary>
    public static byte[] Unpacked(string name)
    {
        using var packed = new GZipStream(File.OpenRead(PathOf(name + ".gz")), CompressionMode.Decompress);
        using var content = new MemoryStream();
        packed.CopyTo(content);
        return content.ToArray();
    }

    /// <summary>Where such a file is.</summary>
    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Data", "Files", name);

    /// <summary>A bitmap of 24 bits a pixel; rows are stored from the bottom.</summary>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="colour">Red, green and blue at (x, y), from the top.</param>
    public static byte[] Bmp(int width, int height, Func<int, int, (byte Red, byte Green, byte Blue)> colour)
    {
        var stride = ((3 * width) + 3) / 4 * 4;
        var file = new byte[54 + (stride * height)];
        file[0] = (byte)'B';
        file[1] = (byte)'M';
        (int At, int Value)[] fields =
            [(2, file.Length), (10, 54), (14, 40), (18, width), (22, height), (34, stride * height)];
        foreach (var (at, value) in fields)
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
        }

        file[26] = 1;
        file[28] = 24;
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var (red, green, blue) = colour(x, y);
                ((byte[])[blue, green, red]).CopyTo(file, 54 + (stride * (height - 1 - y)) + (3 * x));
            }
        }

        return file;
    }

    /// <summary>A GIF of frames of one colour each, 2x2: red, then blue.</summary>
    public static byte[] TwoFrameGif { get; } =
    [
        .. "GIF89a"u8, 2, 0, 2, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255,
        0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 2, 0, 2, 0, 0, 2, 3, 0x04, 0x00, 0x05, 0,
        0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 2, 0, 2, 0, 0, 2, 3, 0x4c, 0x12, 0x05, 0, 0x3b,
    ];
}
