using System.Buffers.Binary;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A Parquet file: its columns, and its groups of rows. What it says of itself is checked before memory is taken for it. Libraries for
/// .NET either loop for ever on a file that was cut or carry 27 MB of machine code for every kind of machine; this reads what data sets
/// have: columns without lists, plain or by dictionary.
/// </summary>
internal sealed class ParquetFile : IDisposable
{
    private const int TailBytes = 8;
    private const int LongestDescription = 1 << 25;
    private const int DeepestNesting = 16;

    private readonly FileStream _file;
    private readonly ThriftStruct _description;
    private readonly Dictionary<string, ParquetColumn> _columns = new(StringComparer.Ordinal);

    /// <summary>Opens a file.</summary>
    /// <exception cref="InvalidDataException">It is no such file, or damaged.</exception>
    /// <exception cref="IOException">It cannot be read, or ends too early.</exception>
    public ParquetFile(string path)
    {
        _file = RegularFile.OpenRead(path);
        try
        {
            _description = ThriftStruct.Read(new ThriftReader(Description()));
            var elements = new Queue<ThriftStruct>(_description.List<ThriftStruct>(2));
            AddColumns(elements, Next(elements), "", default);
            Groups = [.. _description.List<ThriftStruct>(4).Select(group => new ParquetGroup(this, group))];
            var rows = Groups.Sum(group => (long)group.Rows);
            if (rows > _file.Length)
            {
                throw new InvalidDataException($"it claims {rows} rows and has {_file.Length} bytes");
            }
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>The columns by their paths: <c>image.bytes</c>.</summary>
    public IReadOnlyDictionary<string, ParquetColumn> Columns => _columns;

    /// <summary>The groups of rows, in their order.</summary>
    public IReadOnlyList<ParquetGroup> Groups { get; }

    /// <summary>What the writer has noted under a name; null if nothing.</summary>
    public string? Note(string name) => _description.List<ThriftStruct>(5).FirstOrDefault(note => note.Text(1) == name)?.Text(2);

    /// <summary>A piece of the file; from any thread.</summary>
    /// <exception cref="EndOfStreamException">It does not lie in the file.</exception>
    public byte[] Read(long at, int length)
    {
        if (at < 0 || length < 0 || length > _file.Length - at)
        {
            throw new EndOfStreamException();
        }

        var bytes = new byte[length];
        for (var done = 0; done < length;)
        {
            var read = RandomAccess.Read(_file.SafeFileHandle, bytes.AsSpan(done), at + done);
            done += read > 0 ? read : throw new EndOfStreamException();
        }

        return bytes;
    }

    public void Dispose() => _file.Dispose();

    /// <summary>What the file says of itself stands at its end: behind it only its length, and the letters that the file begins with too.</summary>
    private byte[] Description()
    {
        var magic = "PAR1"u8;
        if (!Read(0, magic.Length).AsSpan().SequenceEqual(magic) || !Read(_file.Length - magic.Length, magic.Length).AsSpan().SequenceEqual(magic))
        {
            throw new InvalidDataException("it does not begin and end with PAR1, as Parquet files do; it may have been cut");
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(Read(_file.Length - TailBytes, sizeof(int)));
        return length <= LongestDescription
            ? Read(_file.Length - TailBytes - length, length)
            : throw new InvalidDataException($"what it says of itself claims {length} bytes, the limit is {LongestDescription}");
    }

    private void AddColumns(Queue<ThriftStruct> elements, ThriftStruct parent, string path, ParquetColumn above)
    {
        if (path.Count(letter => letter == '.') > DeepestNesting)
        {
            throw new InvalidDataException($"its columns are nested more than {DeepestNesting} deep");
        }

        for (var i = parent.Count(5); i > 0; i--)
        {
            var element = Next(elements);
            var name = path + element.Text(4);
            var column = ParquetColumn.Of(element, above);
            if (element.Get(5, otherwise: 0L) > 0)
            {
                AddColumns(elements, element, name + ".", column);
            }
            else
            {
                _columns[name] = column;
            }
        }
    }

    private static ThriftStruct Next(Queue<ThriftStruct> elements) =>
        elements.TryDequeue(out var element) ? element : throw new InvalidDataException("it names fewer columns than it says");
}
