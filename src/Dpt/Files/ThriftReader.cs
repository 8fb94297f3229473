using System.Buffers.Binary;

namespace DPT.Engine.Dpt;

/// <summary>How the compact protocol of Thrift marks what follows. In a structure a truth is its own value.</summary>
internal enum ThriftType
{
    True = 1,
    False = 2,
    Byte = 3,
    Int16 = 4,
    Int32 = 5,
    Int64 = 6,
    Double = 7,
    Binary = 8,
    List = 9,
    Set = 10,
    Struct = 12,
}

/// <summary>
/// Values of Thrift's compact protocol: each is a <see cref="bool"/>, a <see cref="long"/>, a <see cref="double"/>, bytes, a list of
/// objects or a <see cref="ThriftStruct"/>. There are never more objects than bytes.
/// </summary>
/// <param name="content">The bytes, of which the values may be the beginning.</param>
internal sealed class ThriftReader(ReadOnlyMemory<byte> content)
{
    private const int DeepestNesting = 32;
    private const int LongestInteger = 10;

    private int _depth;

    /// <summary>What follows.</summary>
    public ReadOnlyMemory<byte> Rest { get; private set; } = content;

    public byte Byte() => Take(1).Span[0];

    /// <summary>An integer of any size: seven bits a byte, the sign in the lowest.</summary>
    public long Integer()
    {
        var bits = Unsigned();
        return (long)(bits >> 1) ^ -(long)(bits & 1);
    }

    /// <summary>Bytes as they are.</summary>
    /// <exception cref="EndOfStreamException">There are fewer.</exception>
    public ReadOnlyMemory<byte> Take(ulong length)
    {
        if (length > (ulong)Rest.Length)
        {
            throw new EndOfStreamException();
        }

        var taken = Rest[..(int)length];
        Rest = Rest[(int)length..];
        return taken;
    }

    /// <summary>The value of a field.</summary>
    public object Field(ThriftType type) => type is ThriftType.True or ThriftType.False ? type == ThriftType.True : Value(type);

    /// <summary>Reads what may hold more of its kind.</summary>
    /// <exception cref="InvalidDataException">It is nested more deeply than data are.</exception>
    public T Nested<T>(Func<T> read)
    {
        if (++_depth > DeepestNesting)
        {
            throw new InvalidDataException($"what it says of itself is nested more than {DeepestNesting} deep");
        }

        var value = read();
        _depth--;
        return value;
    }

    private object Value(ThriftType type) => type switch
    {
        ThriftType.True or ThriftType.False => Byte() == (byte)ThriftType.True,
        ThriftType.Byte => (long)(sbyte)Byte(),
        ThriftType.Int16 or ThriftType.Int32 or ThriftType.Int64 => Integer(),
        ThriftType.Double => BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)).Span),
        ThriftType.Binary => Take(Unsigned()),
        ThriftType.List or ThriftType.Set => Nested(List),
        ThriftType.Struct => ThriftStruct.Read(this),
        _ => throw new InvalidDataException($"what it says of itself has a value of type {(int)type}, which there is not"),
    };

    private List<object> List()
    {
        var head = Byte();
        var count = head >> 4 < 15 ? (ulong)head >> 4 : Unsigned();
        var list = new List<object>();
        while ((ulong)list.Count < count)
        {
            list.Add(Value((ThriftType)(head & 15)));
        }

        return list;
    }

    private ulong Unsigned()
    {
        var bits = 0UL;
        for (var i = 0; i < LongestInteger; i++)
        {
            var next = Byte();
            bits |= (ulong)(next & 127) << (7 * i);
            if (next < 128)
            {
                return bits;
            }
        }

        throw new InvalidDataException("what it says of itself has an integer that does not end");
    }
}
