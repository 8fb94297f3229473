using System.Text;

namespace DPT.Engine.Dpt;

/// <summary>A structure of Thrift: its fields by number.</summary>
internal sealed class ThriftStruct
{
    private readonly Dictionary<long, object> _fields = [];

    /// <summary>Reads a structure.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or nested more deeply than data are.</exception>
    /// <exception cref="EndOfStreamException">It ends too early.</exception>
    public static ThriftStruct Read(ThriftReader reader) => reader.Nested(() =>
    {
        var result = new ThriftStruct();
        var number = 0L;
        while (reader.Byte() is > 0 and var head)
        {
            number = head >> 4 > 0 ? number + (head >> 4) : reader.Integer();
            if (!result._fields.TryAdd(number, reader.Field((ThriftType)(head & 15))))
            {
                throw new InvalidDataException($"what it says of itself has field {number} twice");
            }
        }

        return result;
    });

    /// <summary>A field that must be there.</summary>
    /// <exception cref="InvalidDataException">It is not there, or of another type.</exception>
    public T Get<T>(int number) => _fields.GetValueOrDefault(number) is T wanted
        ? wanted
        : throw new InvalidDataException($"what it says of itself lacks field {number}, or has it as something else");

    /// <summary>A field, or what it is where it is not there.</summary>
    /// <exception cref="InvalidDataException">It is of another type.</exception>
    public T Get<T>(int number, T otherwise) => _fields.ContainsKey(number) ? Get<T>(number) : otherwise;

    /// <summary>A text.</summary>
    /// <exception cref="InvalidDataException">It is not there, or no text.</exception>
    public string Text(int number) => Encoding.UTF8.GetString(Get<ReadOnlyMemory<byte>>(number).Span);

    /// <summary>The values of a list, all of one type; none where it is not there.</summary>
    /// <exception cref="InvalidDataException">It is no list, or one of something else.</exception>
    public IReadOnlyList<T> List<T>(int number) => Get<List<object>>(number, []).ConvertAll(
        item => item is T wanted ? wanted : throw new InvalidDataException($"what it says of itself has something else in field {number}"));

    /// <summary>A number from 0 to that of bytes that an array can have.</summary>
    /// <exception cref="InvalidDataException">It is not there, or out of that range.</exception>
    public int Count(int number) => Get<long>(number) is >= 0 and var count && count <= Array.MaxLength
        ? (int)count
        : throw new InvalidDataException($"what it says of itself has {Get<long>(number)} in field {number}, where a number of 0 to {Array.MaxLength} is asked for");
}
