using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace DPT.Engine.Dpt;

/// <summary>The bytes of a pickle. A length that the file does not have is refused before memory is taken for it.</summary>
/// <param name="stream">Where they come from; it can seek.</param>
internal sealed class PickleBytes(Stream stream)
{
    private const int LongestName = 200;

    private static readonly UTF8Encoding _strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly long _length = stream.Length;

    /// <summary>Where the next byte is in the stream.</summary>
    public long Position { get; private set; } = stream.Position;

    public byte Byte()
    {
        var value = stream.ReadByte();
        Position++;
        return value >= 0 ? (byte)value : throw new EndOfStreamException();
    }

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    /// <summary>Pickles hold floats with the high byte first.</summary>
    public double Double() => BinaryPrimitives.ReadDoubleBigEndian(Take(sizeof(double)));

    /// <summary>A two's complement number of some bytes: a <see cref="long"/> where it fits, as all but magic numbers do.</summary>
    public object Integer(byte length)
    {
        var number = new BigInteger(Take(length));
        return number >= long.MinValue && number <= long.MaxValue ? (object)(long)number : number;
    }

    public string Text(ulong length)
    {
        try
        {
            return _strictUtf8.GetString(Take(length));
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException("a text is no UTF-8", error);
        }
    }

    /// <summary>A line, as the names of modules and classes are written.</summary>
    public string Line()
    {
        var line = new List<byte>();
        for (var next = Byte(); next != '\n'; next = Byte())
        {
            line.Add(next);
            if (line.Count > LongestName)
            {
                throw new InvalidDataException($"a name of more than {LongestName} bytes");
            }
        }

        return Encoding.Latin1.GetString([.. line]);
    }

    public byte[] Take(ulong length)
    {
        if (length > (ulong)(_length - Position))
        {
            throw new InvalidDataException($"{length} bytes are announced, {_length - Position} are there");
        }

        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        Position += (long)length;
        return bytes;
    }
}
