using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace DPT.Engine.Autograd;

/// <summary>
/// Collects tensors and writes them as a safetensors file: any tool of the field opens it, and nothing in it can run.
/// The same tensors give the same bytes, whatever the order they were added in.
/// </summary>
public sealed class SafeTensorsWriter
{
    private readonly Dictionary<string, Item> _tensors = new(StringComparer.Ordinal);

    /// <summary>Text about the file, by name.</summary>
    public SortedDictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>Adds a tensor of 32-bit floats; the array is read when the file is written.</summary>
    /// <exception cref="ArgumentException">The name is taken or the values do not fit the shape.</exception>
    public void Add(string name, TensorShape shape, float[] values) =>
        Add(name, SafeTensorsFormat.Float32, Array.ConvertAll(shape.ToArray(), size => (long)size), values);

    /// <summary>Adds a vector of 64-bit integers; the array is read when the file is written.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add(string name, long[] values) => Add(name, SafeTensorsFormat.Int64, [values.Length], values);

    /// <summary>Adds a tensor of bytes; the array is read when the file is written.</summary>
    /// <exception cref="ArgumentException">The name is taken or the bytes do not fit the shape.</exception>
    public void Add(string name, ReadOnlySpan<long> shape, byte[] values) =>
        Add(name, SafeTensorsFormat.UInt8, shape.ToArray(), values);

    /// <summary>Adds a tensor of 32-bit floats that is too large to be there all at once.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="write">Writes all its bytes, when the file is written.</param>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add(string name, ReadOnlySpan<long> shape, Action<Stream> write) =>
        Add(name, new Item(SafeTensorsFormat.Float32, shape.ToArray(), checked(Elements(shape) * sizeof(float)), write));

    /// <summary>Writes the file; it appears whole or not at all.</summary>
    public void Save(string path) => AtomicFile.Write(path, Write);

    /// <summary>Writes the content of a file.</summary>
    public void Write(Stream stream)
    {
        // Wide elements first, so that every tensor is aligned to its element size.
        var ordered = _tensors
            .OrderByDescending(tensor => ElementTypes.BytesOf(tensor.Value.Type))
            .ThenBy(tensor => tensor.Key, StringComparer.Ordinal)
            .ToArray();
        var header = new MemoryStream();
        WriteHeader(header, ordered);
        while (header.Length % SafeTensorsFormat.LengthBytes != 0)
        {
            header.WriteByte((byte)' ');
        }

        Span<byte> length = stackalloc byte[SafeTensorsFormat.LengthBytes];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        header.WriteTo(stream);
        foreach (var (_, tensor) in ordered)
        {
            tensor.Write(stream);
        }
    }

    private void WriteHeader(Stream header, IEnumerable<KeyValuePair<string, Item>> tensors)
    {
        using var json = new Utf8JsonWriter(header);
        json.WriteStartObject();
        if (Metadata.Count > 0)
        {
            json.WriteStartObject(SafeTensorsFormat.Metadata);
            foreach (var (name, text) in Metadata)
            {
                json.WriteString(name, text);
            }

            json.WriteEndObject();
        }

        var offset = 0L;
        foreach (var (name, (type, shape, length, _)) in tensors)
        {
            json.WriteStartObject(name);
            json.WriteString("dtype", type);
            WriteNumbers(json, "shape", shape);
            WriteNumbers(json, "data_offsets", [offset, offset + length]);
            json.WriteEndObject();
            offset += length;
        }

        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    private void Add<T>(string name, string type, long[] shape, T[] values) where T : unmanaged
    {
        if (Elements(shape) != values.Length)
        {
            throw new ArgumentException($"tensor '{name}' of shape [{string.Join(", ", shape)}] does not have {values.Length} elements");
        }

        var length = (long)values.Length * ElementTypes.BytesOf(type)!.Value;
        Add(name, new Item(type, shape, length, stream => WriteValues(stream, values)));
    }

    private void Add(string name, Item item)
    {
        if (name == SafeTensorsFormat.Metadata || !_tensors.TryAdd(name, item))
        {
            throw new ArgumentException($"the tensor name '{name}' is taken");
        }
    }

    private static long Elements(ReadOnlySpan<long> shape)
    {
        var elements = 1L;
        foreach (var size in shape)
        {
            elements = checked(elements * size);
        }

        return elements;
    }

    private static void WriteValues<T>(Stream stream, T[] values) where T : unmanaged
    {
        // One span of bytes cannot hold more than 2 GiB.
        const int PiecesOf = 1 << 20;
        for (ReadOnlySpan<T> rest = values; !rest.IsEmpty; rest = rest[Math.Min(PiecesOf, rest.Length)..])
        {
            stream.Write(MemoryMarshal.AsBytes(rest[..Math.Min(PiecesOf, rest.Length)]));
        }
    }

    private sealed record Item(string Type, long[] Shape, long Length, Action<Stream> Write);
}
