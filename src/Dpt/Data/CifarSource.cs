namespace DPT.Engine.Dpt;

/// <summary>
/// CIFAR-10 and CIFAR-100, in the binary version or in that for Python; the names of the files say which. Training images are the batches
/// one after the other: label files with indices refer to that order.
/// </summary>
internal static class CifarSource
{
    public static DatasetPair Load(string directory, CifarSet set)
    {
        var folder = set.Folders.Select(name => Path.Combine(directory, name)).FirstOrDefault(Directory.Exists) ?? directory;
        return new DatasetPair(Read(folder, set, set.Train), Read(folder, set, [set.Test]));
    }

    private static ImageDataset Read(string folder, CifarSet set, string[] names)
    {
        using var pixels = new MemoryStream();
        var labels = new List<int>();
        foreach (var path in names.Select(name => DataFile.Find(folder, $"{name}.bin", $"{name}.bin.gz", name)).ToList())
        {
            var isPickle = Path.GetExtension(path).Length == 0;
            DataFile.Read(path, stream => isPickle
                ? CifarPickle.Read(stream, set, pixels, labels)
                : CifarRecords.Read(stream, set, pixels, labels));
        }

        return new ImageDataset(set.Name, set.ClassNames, 3, CifarSet.Side, pixels.ToArray(), [.. labels]);
    }
}
