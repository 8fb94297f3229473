namespace DPT.Engine.Dpt;

/// <summary>A file of the binary version: records of one or two labels, a byte each, and the pixels as three planes.</summary>
internal static class CifarRecords
{
    /// <summary>Adds the images of a file.</summary>
    /// <returns>How many they are.</returns>
    /// <exception cref="InvalidDataException">It has no records, half a record, or a class that does not exist.</exception>
    public static int Read(Stream stream, CifarSet set, MemoryStream pixels, List<int> labels)
    {
        var record = new byte[set.LabelBytes + CifarSet.ImageBytes];
        if (stream.CanSeek && (stream.Length > CifarSet.MostImages * (long)record.Length || stream.Length % record.Length != 0))
        {
            throw new InvalidDataException(
                $"it has {stream.Length} bytes, which are not 1 to {CifarSet.MostImages} records of {record.Length}");
        }

        var records = 0;
        for (int read; (read = stream.ReadAtLeast(record, record.Length, throwOnEndOfStream: false)) > 0; records++)
        {
            var label = record[set.LabelBytes - 1];
            if (read < record.Length || label >= set.ClassNames.Length || records == CifarSet.MostImages)
            {
                throw new InvalidDataException(
                    $"record {records}, at byte {(long)records * record.Length}, has {read} bytes and label {label}; a file has up to "
                    + $"{CifarSet.MostImages} records of {record.Length} bytes with labels 0..{set.ClassNames.Length - 1}");
            }

            labels.Add(label);
            pixels.Write(record, set.LabelBytes, CifarSet.ImageBytes);
        }

        return records > 0 ? records : throw new InvalidDataException("it is empty");
    }
}
