using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace DPT.Engine.Dpt;

/// <summary>The bytes of a pickle. A length that the file does not have is refused before memory is taken for it.</summary>
/// <param name="stream">Where they come from; it can seek.</param>
internal sealed class PickleBytes(Stream stream)
{
    private const int LongestName = 200;

    /// <summary>Far above what one value has, and no more than an array or a text can hold.</summary>
    private const int LongestValue = 1 << 29;

    private static readonly UTF8Encoding _strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);


    /// <summary>Bytes of the stream, all in all.</summary>
    public long Length { get; } = stream.Length;

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
    public object Integer(byte length) => Smallest(new BigInteger(Take(length)));

    /// <summary>A number as a <see cref="long"/> where it fits.</summary>
    public static object Smallest(BigInteger number) =>
        number >= long.MinValue && number <= long.MaxValue ? (object)(long)number : number;

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

    /// <summary>A text of Python 2, which did not say what its bytes stand for: a character each.</summary>
    public string Characters(ulong length) => Encoding.Latin1.GetString(Take(length));

    /// <summary>A line that holds the name of a module or class, or a number.</summary>
    public string Name() => Line(LongestName) ?? throw new InvalidDataException($"a name of more than {LongestName} bytes");

    /// <summary>A line of any length.</summary>
    public string Line() => Line(LongestValue) ?? throw new InvalidDataException($"a line of more than {LongestValue} bytes");

    public byte[] Take(ulong length)
    {
        if (length > (ulong)(Length - Position))
        {
            throw new InvalidDataException($"{length} bytes are announced, {Length - Position} are there");
        }

        if (length > LongestValue)
        {
            throw new InvalidDataException($"a value of {length} bytes, the limit is {LongestValue}");
        }

        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        Position += (long)length;
        return bytes;
    }

    private string? Line(int longest)
    {
        var line = new List<byte>();
        for (var next = Byte(); next != '\n'; next = Byte())
        {
            if (line.Count == longest)
            {
                return null;
            }

            line.Add(next);
        }

        return Encoding.Latin1.GetString(CollectionsMarshal.AsSpan(line));
    }
}
