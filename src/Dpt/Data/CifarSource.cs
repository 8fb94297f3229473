namespace DPT.Engine.Dpt;

/// <summary>
/// CIFAR-10, binary version: records of a label byte and 32x32 pixels as three planes. Training images are the five
/// batches one after the other: label files with indices refer to that order.
/// </summary>
internal static class CifarSource
{
    private const int Size = 32;
    private const int RecordBytes = 1 + (3 * Size * Size);
    private const int MostRecords = 100_000;

    private static readonly string[] _classNames =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    public static DatasetPair Load(string directory)
    {
        var inner = Path.Combine(directory, "cifar-10-batches-bin");
        var folder = Directory.Exists(inner) ? inner : directory;
        var train = Enumerable.Range(1, 5).Select(i => DataFile.Find(folder, $"data_batch_{i}.bin", $"data_batch_{i}.bin.gz"));
        return new DatasetPair(Read([.. train]), Read([DataFile.Find(folder, "test_batch.bin", "test_batch.bin.gz")]));
    }

    private static ImageDataset Read(string[] paths)
    {
        using var pixels = new MemoryStream();
        var labels = new List<int>();
        var record = new byte[RecordBytes];
        foreach (var path in paths)
        {
            DataFile.Read(path, stream => ReadBatch(stream, record, pixels, labels));
        }

        return new ImageDataset("cifar10", _classNames, 3, Size, pixels.ToArray(), [.. labels]);
    }

    private static int ReadBatch(Stream stream, byte[] record, MemoryStream pixels, List<int> labels)
    {
        if (stream.CanSeek && (stream.Length > MostRecords * (long)RecordBytes || stream.Length % RecordBytes != 0))
        {
            throw new InvalidDataException(
                $"it has {stream.Length} bytes, which are not 1 to {MostRecords} records of {RecordBytes}");
        }

        var records = 0;
        for (int read; (read = stream.ReadAtLeast(record, RecordBytes, throwOnEndOfStream: false)) > 0; records++)
        {
            if (read < RecordBytes || record[0] >= _classNames.Length || records == MostRecords)
            {
                throw new InvalidDataException(
                    $"record {records}, at byte {(long)records * RecordBytes}, has {read} bytes and label {record[0]}; a file has up to {MostRecords} records of "
                    + $"{RecordBytes} bytes with labels 0..{_classNames.Length - 1}");
            }

            labels.Add(record[0]);
            pixels.Write(record, 1, RecordBytes - 1);
        }

        return records > 0 ? records : throw new InvalidDataException("it is empty");
    }
}
