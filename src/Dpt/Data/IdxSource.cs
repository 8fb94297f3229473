using System.Buffers.Binary;

namespace DPT.Engine.Dpt;

/// <summary>
/// IDX files of MNIST and its relatives: big-endian header (0, 0, type 8 = unsigned byte, dimensions), one 32-bit size
/// per dimension, then the bytes.
/// </summary>
internal static class IdxSource
{
    private const int UnsignedByte = 8;

    public static DatasetPair Load(string directory)
    {
        var (trainImages, trainLabels, size) = LoadPart(directory, "train");
        var (testImages, testLabels, testSize) = LoadPart(directory, "t10k");
        if (size != testSize)
        {
            throw new DptException(
                FailureKind.Check, $"'{directory}': training images have side {size}, test images {testSize}; they must agree");
        }

        var classes = trainLabels.Max() + 1;
        if (testLabels.Max() >= classes)
        {
            throw new DptException(
                FailureKind.Check, $"'{directory}': a test label is {testLabels.Max()}, training labels end at {classes - 1}");
        }

        var names = Enumerable.Range(0, Math.Max(classes, 2)).Select(c => $"{c}").ToArray();
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)));
        return new DatasetPair(
            new ImageDataset(name, names, 1, size, trainImages, trainLabels),
            new ImageDataset(name, names, 1, size, testImages, testLabels));
    }

    private static (byte[] Images, int[] Labels, int Size) LoadPart(string directory, string part)
    {
        var imagePath = FindIdx(directory, $"{part}-images", "idx3-ubyte");
        var labelPath = FindIdx(directory, $"{part}-labels", "idx1-ubyte");
        var (images, imageSizes) = Read(imagePath, 3);
        var (labels, labelSizes) = Read(labelPath, 1);
        if (imageSizes[0] != labelSizes[0])
        {
            throw new DptException(
                FailureKind.Check, $"'{imagePath}' has {imageSizes[0]} images, '{labelPath}' has {labelSizes[0]} labels");
        }

        if (imageSizes[1] != imageSizes[2])
        {
            throw DataFile.Corrupt(imagePath, $"its images are {imageSizes[1]}x{imageSizes[2]}, they must be square");
        }

        return (images, Array.ConvertAll(labels, label => (int)label), imageSizes[1]);
    }

    private static string FindIdx(string directory, string part, string kind) =>
        DataFile.Find(directory, $"{part}-{kind}", $"{part}-{kind}.gz", $"{part}.{kind}", $"{part}.{kind}.gz");

    private static (byte[] Data, int[] Sizes) Read(string path, int dimensions) => DataFile.Read(path, stream =>
    {
        var header = new byte[4 + (4 * dimensions)];
        stream.ReadExactly(header);
        var magic = BinaryPrimitives.ReadInt32BigEndian(header);
        var expected = (UnsignedByte << 8) | dimensions;
        if (magic != expected)
        {
            throw new InvalidDataException($"its first four bytes are 0x{magic:x8}, an IDX file of this kind has 0x{expected:x8}");
        }

        var sizes = new int[dimensions];
        UInt128 total = 1;
        for (var i = 0; i < dimensions; i++)
        {
            var size = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4 + (4 * i)));
            if (size is 0 or > int.MaxValue)
            {
                throw new InvalidDataException($"size {i} in its header is {size}, it must be 1..{int.MaxValue}");
            }

            sizes[i] = (int)size;
            total *= size;
        }

        return (DataFile.ReadToEnd(stream, total > long.MaxValue ? long.MaxValue : (long)total), sizes);
    });
}
