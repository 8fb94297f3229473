using System.Buffers.Binary;

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
