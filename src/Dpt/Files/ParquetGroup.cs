using System.Text;

namespace DPT.Engine.Dpt;

/// <summary>Rows of a Parquet file that are stored together, column by column.</summary>
internal sealed class ParquetGroup
{
    /// <summary>A column of a group is read as a whole.</summary>
    private const int LargestColumn = 1 << 30;

    private readonly ParquetFile _file;
    private readonly Dictionary<string, ThriftStruct> _chunks = new(StringComparer.Ordinal);

    /// <summary>Reads what the file says of a group.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or the group lies in another file.</exception>
    public ParquetGroup(ParquetFile file, ThriftStruct description)
    {
        _file = file;
        Rows = description.Count(3);
        foreach (var chunk in description.List<ThriftStruct>(1))
        {
            if (!chunk.Get(1, otherwise: ReadOnlyMemory<byte>.Empty).IsEmpty)
            {
                throw new InvalidDataException($"it refers to another file, '{OneLine.Start(chunk.Text(1))}', which is not read");
            }

            var column = chunk.Get<ThriftStruct>(3);
            _chunks[string.Join('.', column.List<ReadOnlyMemory<byte>>(3).Select(part => Encoding.UTF8.GetString(part.Span)))] = column;
        }
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Integers, one a row; null where none is there.</summary>
    /// <inheritdoc cref="Read"/>
    public long?[] Integers(string name) =>
        Read<long>(name, _file.Columns[name].Kind == ParquetKind.Int32 ? PlainValues.Int32 : PlainValues.Int64);

    /// <summary>Strings of bytes, one a row; null where none is there.</summary>
    /// <inheritdoc cref="Read"/>
    public ReadOnlyMemory<byte>?[] Bytes(string name) => Read(name, PlainValues.Bytes);

    /// <exception cref="InvalidDataException">The column is damaged, or packed in a way that is not read.</exception>
    /// <exception cref="IOException">It cannot be read, or ends too early.</exception>
    private T?[] Read<T>(string name, PlainDecoder<T> plain)
        where T : struct
    {
        try
        {
            var chunk = _chunks.GetValueOrDefault(name) ?? throw new InvalidDataException("a group of rows lacks it");
            var (first, dictionary, length) = (chunk.Get<long>(9), chunk.Get(11, otherwise: 0L), chunk.Count(7));
            var content = length <= LargestColumn
                ? _file.Read(dictionary > 0 ? Math.Min(dictionary, first) : first, length)
                : throw new InvalidDataException($"in one group of rows it has {length} bytes, the limit is {LargestColumn}");
            return new ParquetPages<T>(content, chunk.Get<long>(4), _file.Columns[name].Depth, plain).Read(Rows);
        }
        catch (EndOfStreamException error)
        {
            throw new InvalidDataException($"column '{name}': it ends too early", error);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"column '{name}': {error.Message}", error);
        }
    }
}
