using System.Buffers.Binary;

namespace DPT.Engine.Dpt;

/// <summary>
/// IDX files of MNIST and its relatives: big-endian header (0, 0, type 8 = unsigned byte, dimensions), one 32-bit size
/// per dimension, then the bytes.
/// </summary>
internal static class IdxSource
{
    private const int UnsignedByte = 8;
    private const int MostImages = 10_000_000;

    public static DatasetPair Load(string directory) =>
        LabelledPixels.Pair(directory, LoadPart(directory, "train"), LoadPart(directory, "t10k"));

    private static LabelledPixels LoadPart(string directory, string part)
    {
        var imagePath = FindIdx(directory, $"{part}-images", "idx3-ubyte");
        var labelPath = FindIdx(directory, $"{part}-labels", "idx1-ubyte");
        var (labels, _) = Read(labelPath, 1, RequireCount);
        var (images, sizes) = Read(imagePath, 3, sizes =>
        {
            RequireCount(sizes);
            if (sizes[0] != labels.Length)
            {
                throw new InvalidDataException($"it has {sizes[0]} images, '{labelPath}' has {labels.Length} labels");
            }

            LabelledPixels.RequireSquare(sizes[1], sizes[2]);
        });
        return new LabelledPixels(images, Array.ConvertAll(labels, label => (int)label), Channels: 1, (int)sizes[1]);
    }

    private static string FindIdx(string directory, string part, string kind) =>
        DataFile.Find(directory, $"{part}-{kind}", $"{part}-{kind}.gz", $"{part}.{kind}", $"{part}.{kind}.gz");

    private static void RequireCount(uint[] sizes)
    {
        if (sizes[0] is 0 or > MostImages)
        {
            throw new InvalidDataException($"its header declares {sizes[0]} entries, it must be 1..{MostImages}");
        }
    }

    /// <summary>Reads a file; <paramref name="check"/> sees the sizes in its header before anything is made for them.</summary>
    private static (byte[] Data, uint[] Sizes) Read(string path, int dimensions, Action<uint[]> check) => DataFile.Read(path, stream =>
    {
        var header = new byte[4 + (4 * dimensions)];
        stream.ReadExactly(header);
        var magic = BinaryPrimitives.ReadInt32BigEndian(header);
        var expected = (UnsignedByte << 8) | dimensions;
        if (magic != expected)
        {
            throw new InvalidDataException($"its first four bytes are 0x{magic:x8}, an IDX file of this kind has 0x{expected:x8}");
        }

        var sizes = new uint[dimensions];
        for (var i = 0; i < dimensions; i++)
        {
            sizes[i] = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4 + (4 * i)));
        }

        check(sizes);
        return (DataFile.ReadToEnd(stream, sizes.Aggregate(1L, (total, size) => total * size)), sizes);
    });
}
