using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Reads safetensors files from anywhere: nothing in the header is believed before it is checked. Tensors must fill
/// the file without gaps or overlaps, and their bytes must be what type and shape demand.
/// </summary>
public sealed class SafeTensorsReader : IDisposable
{
    private const int LongestFault = 500;

    private readonly string _path;
    private readonly FileStream _file;
    private readonly Dictionary<string, SafeTensorsEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly long _dataStart;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="InvalidDataException">The file is not what the format demands; the message says where.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public SafeTensorsReader(string path)
    {
        _path = path;
        try
        {
            _file = RegularFile.OpenRead(path);
            var header = ReadHeader();
            _dataStart = SafeTensorsFormat.LengthBytes + header.Length;
            Parse(header);
            CheckLayout();
        }
        catch (Exception error)
        {
            _file?.Dispose();
            if (error is JsonException or EndOfStreamException or InvalidDataException or InvalidOperationException)
            {
                throw Invalid(error.Message, error);
            }

            throw;
        }
    }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafeTensorsEntry> Entries => _entries;

    /// <summary>Text about the file, by name.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>The elements of a tensor of type F32.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor, or of another type.</exception>
    public float[] ReadFloats(string name) => Read<float>(name, SafeTensorsFormat.Float32);

    /// <summary>Some elements of a tensor of type F32 that is too large to be there all at once. Safe for use from several threads.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="first">The first of them, in the order in which they lie.</param>
    /// <param name="values">Receives them.</param>
    /// <exception cref="InvalidDataException">There is no such tensor, or of another type, or it ends before them.</exception>
    /// <exception cref="IOException">They cannot be read.</exception>
    public void ReadFloats(string name, long first, Span<float> values)
    {
        var entry = Find(name);
        if (entry.Type != SafeTensorsFormat.Float32 || first < 0 || first > (entry.Length / sizeof(float)) - values.Length)
        {
            throw Invalid($"tensor '{name}' is {entry.Type} of {entry.Length} bytes; {SafeTensorsFormat.Float32} from element {first} to {first + values.Length} is asked for");
        }

        var bytes = MemoryMarshal.AsBytes(values);
        for (var done = 0; done < bytes.Length;)
        {
            var read = RandomAccess.Read(_file.SafeFileHandle, bytes[done..], _dataStart + entry.Begin + (first * sizeof(float)) + done);
            done += read > 0 ? read : throw Invalid("it has become shorter");
        }
    }

    /// <summary>The elements of a tensor of type I64.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor, or of another type.</exception>
    public long[] ReadLongs(string name) => Read<long>(name, SafeTensorsFormat.Int64);

    /// <summary>The elements of a tensor of type U8.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor, or of another type.</exception>
    public byte[] ReadBytes(string name) => Read<byte>(name, SafeTensorsFormat.UInt8);

    /// <summary>The elements of a tensor of any type as floats, see <see cref="ElementTypes.ToFloats"/>.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor, or its type has no conversion.</exception>
    public float[] ReadAsFloats(string name)
    {
        var type = Find(name).Type;
        return type == SafeTensorsFormat.Float32 ? ReadFloats(name) : ElementTypes.ToFloats(type, Read<byte>(name, type));
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private SafeTensorsEntry Find(string name) => _entries.TryGetValue(name, out var entry)
        ? entry
        : throw Invalid($"it has no tensor '{name}'");

    private T[] Read<T>(string name, string type) where T : unmanaged
    {
        var entry = Find(name);
        if (entry.Type != type || entry.Length > Array.MaxLength)
        {
            throw Invalid($"tensor '{name}' is {entry.Type} of {entry.Length} bytes; {type} of at most {Array.MaxLength} is asked for");
        }

        var values = new T[entry.Length / Unsafe.SizeOf<T>()];
        _file.Position = _dataStart + entry.Begin;
        _file.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private byte[] ReadHeader()
    {
        Span<byte> prefix = stackalloc byte[SafeTensorsFormat.LengthBytes];
        _file.ReadExactly(prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        var limit = Math.Min(SafeTensorsFormat.LargestHeader, _file.Length - SafeTensorsFormat.LengthBytes);
        if (length > (ulong)limit)
        {
            throw new InvalidDataException($"its header claims {length} bytes, at most {limit} are possible");
        }

        var header = new byte[length];
        _file.ReadExactly(header);
        return header;
    }

    private void Parse(byte[] header)
    {
        using var json = JsonDocument.Parse(header, new JsonDocumentOptions { MaxDepth = 3, AllowDuplicateProperties = false });
        foreach (var property in json.RootElement.EnumerateObject())
        {
            if (property.Name == SafeTensorsFormat.Metadata)
            {
                foreach (var text in property.Value.EnumerateObject())
                {
                    _metadata[text.Name] = text.Value.GetString() ?? throw new InvalidDataException("its metadata holds a null");
                }
            }
            else
            {
                _entries[property.Name] = ParseEntry(property.Name, property.Value);
            }
        }
    }

    private static SafeTensorsEntry ParseEntry(string name, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object
            || !json.TryGetProperty("dtype", out var type)
            || !json.TryGetProperty("shape", out var shape)
            || !json.TryGetProperty("data_offsets", out var offsets))
        {
            throw new InvalidDataException($"tensor '{name}' lacks dtype, shape or data_offsets");
        }

        var (sizes, range) = (Numbers(name, shape), Numbers(name, offsets));
        if (range.Length != 2 || range[0] > range[1])
        {
            throw new InvalidDataException($"tensor '{name}' has the offsets {offsets}");
        }

        var entry = new SafeTensorsEntry(type.GetString() ?? "", sizes, range[0], range[1]);
        if (ElementTypes.BytesOf(entry.Type) is not { } elementBytes)
        {
            throw new InvalidDataException($"tensor '{name}' is of unknown type '{entry.Type}'");
        }

        if (Product(elementBytes, sizes) != entry.Length)
        {
            throw new InvalidDataException($"tensor '{name}' is {entry.Type} {shape}, which is not its {entry.Length} bytes");
        }

        return entry;
    }

    private static long[] Numbers(string name, JsonElement array) =>
        [.. array.EnumerateArray().Select(element => element.TryGetInt64(out var number) && number >= 0
            ? number
            : throw new InvalidDataException($"tensor '{name}' has {element} as a size or offset"))];

    /// <summary>The product, or -1 if it does not fit.</summary>
    private static long Product(long elementBytes, long[] sizes)
    {
        var product = (UInt128)elementBytes;
        foreach (var size in sizes)
        {
            product *= (ulong)size;
            if (product > long.MaxValue)
            {
                return -1;
            }
        }

        return (long)product;
    }

    private void CheckLayout()
    {
        var position = 0L;
        foreach (var (name, entry) in _entries.OrderBy(item => item.Value.Begin).ThenBy(item => item.Value.End))
        {
            if (entry.Begin != position)
            {
                throw new InvalidDataException($"tensor '{name}' begins at {entry.Begin}, the one before it ends at {position}");
            }

            position = entry.End;
        }

        if (position != _file.Length - _dataStart)
        {
            throw new InvalidDataException($"its tensors have {position} bytes, {_file.Length - _dataStart} follow the header");
        }
    }

    /// <summary>What is said may hold names and text of the file.</summary>
    private InvalidDataException Invalid(string what, Exception? inner = null) =>
        new($"'{_path}' is damaged or no safetensors file: {OneLine.Beginning(what, LongestFault)}", inner);
}
