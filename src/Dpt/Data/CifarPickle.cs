namespace DPT.Engine.Dpt;

/// <summary>
/// A file of the version for Python: a pickled dictionary with the pixels as an array of NumPy, [N,3072] as three planes each, and the
/// classes as a list or an array. Other entries are passed by.
/// </summary>
internal static class CifarPickle
{
    private const string DataKey = "data";

    /// <summary>Above what as many images as a file may have take.</summary>
    private const long LargestFile = 1 << 29;

    private static readonly PickleGlobals _globals = new([.. NumpyGlobals.Scalars, .. NumpyGlobals.Arrays]);

    /// <summary>Adds the images of a file.</summary>
    /// <returns>How many they are.</returns>
    /// <exception cref="InvalidDataException">It is no such pickle, or asks for what is no data.</exception>
    public static int Read(Stream stream, CifarSet set, MemoryStream pixels, List<int> labels)
    {
        if (stream.Length > LargestFile)
        {
            throw new InvalidDataException($"it has {stream.Length} bytes, the limit is {LargestFile}");
        }

        var batch = PickleReader.Read(stream, _globals) as PickleDictionary ?? [];
        if (batch.GetValueOrDefault(DataKey) is not NumpyArray data || batch.GetValueOrDefault(set.LabelKey) is not { } classes)
        {
            throw new InvalidDataException($"it has no dictionary with an array '{DataKey}' and the classes '{set.LabelKey}'");
        }

        var found = Labels(classes, set);
        if (data.Shape is not [> 0 and <= CifarSet.MostImages and var count, CifarSet.ImageBytes] || count != found.Length)
        {
            throw new InvalidDataException(
                $"'{DataKey}' is [{string.Join(", ", data.Shape)}] and '{set.LabelKey}' has {found.Length} entries; asked for is "
                + $"[N, {CifarSet.ImageBytes}] with N in 1..{CifarSet.MostImages}, and as many classes");
        }

        pixels.Write(data.ToBytes());
        labels.AddRange(found);
        return count;
    }

    private static int[] Labels(object classes, CifarSet set)
    {
        long[] labels = classes switch
        {
            NumpyArray array => array.ToLongs(),
            List<object?> list => [.. list.Select(label => label is long number ? number : throw Wrong(PickleGraph.Kind(label)))],
            _ => throw Wrong(PickleGraph.Kind(classes)),
        };
        return Array.ConvertAll(labels, label => label >= 0 && label < set.ClassNames.Length ? (int)label : throw Wrong($"{label}"));

        InvalidDataException Wrong(string what) => new($"'{set.LabelKey}' has {what}, where classes from 0 to {set.ClassNames.Length - 1} are asked for");
    }
}
