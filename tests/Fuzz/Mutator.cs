using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Fuzz;

/// <summary>Changes files: a few small changes at a time, each of a kind that trips up readers.</summary>
/// <param name="random">Draws all of it.</param>
/// <param name="longest">No file becomes longer, in bytes.</param>
internal sealed class Mutator(Random random, int longest)
{
    private const int MostChanges = 5;

    /// <summary>Around what types hold, and what doubles to more than they hold.</summary>
    private static readonly long[] _numbers =
    [
        0, 1, -1, 2, 3, 4, 7, 8, 9, 16, 31, 32, 64, 100, 127, 128, 255, 256, 1000, 1024, 4096, 32767, 32768, 65535, 65536, 1 << 24,
        0x3fffffff, 0x40000000, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, 1L << 40, long.MaxValue, long.MinValue,
    ];

    private static readonly string[] _texts =
        ["0", "-1", "1", "2", "255", "65536", "2147483647", "2147483648", "4294967296", "9223372036854775807", "99999999999999999999", "1e9", "1e400", "NaN", "null", "\"1\"", "[]", "{}"];

    /// <summary>A changed copy.</summary>
    /// <param name="file">What is changed.</param>
    /// <param name="other">Another file, pieces of which may come in.</param>
    public byte[] Change(byte[] file, byte[] other)
    {
        var bytes = file.ToList();
        for (var changes = 1 << random.Next(MostChanges); changes > 0; changes--)
        {
            ChangeOnce(bytes, other);
        }

        return bytes.Count <= longest ? [.. bytes] : [.. bytes[..longest]];
    }

    private void ChangeOnce(List<byte> bytes, byte[] other)
    {
        if (bytes.Count == 0)
        {
            bytes.AddRange(PieceOf(other));
            return;
        }

        var at = random.Next(bytes.Count);
        var span = CollectionsMarshal.AsSpan(bytes);
        switch (random.Next(12))
        {
            case 0 or 1:
                span[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                span[at] = (byte)random.Next(256);
                break;
            case 3:
                span[at] += (byte)random.Next(-16, 17);
                break;
            case 4 or 5:
                WriteNumber(span, at);
                break;
            case 6:
                WriteText(bytes, at);
                break;
            case 7:
                bytes.RemoveRange(at, LengthOf(bytes.Count - at));
                break;
            case 8:
                bytes.InsertRange(random.Next(bytes.Count + 1), span.Slice(at, LengthOf(bytes.Count - at)).ToArray());
                break;
            case 9:
                var piece = PieceOf(other);
                piece[..Math.Min(piece.Length, span.Length - at)].CopyTo(span[at..]);
                break;
            case 10:
                bytes.InsertRange(at, PieceOf(other));
                break;
            default:
                bytes.RemoveRange(at, bytes.Count - at);
                if (random.Next(2) == 0 && other.Length > 0)
                {
                    bytes.AddRange(other[random.Next(other.Length)..]);
                }

                break;
        }
    }

    /// <summary>A number of 1, 2, 4 or 8 bytes, either end first.</summary>
    private void WriteNumber(Span<byte> bytes, int at)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        var length = 1 << random.Next(4);
        var value = _numbers[random.Next(_numbers.Length)];
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        number = number[..length];
        if (random.Next(2) == 0)
        {
            number.Reverse();
        }

        number[..Math.Min(length, bytes.Length - at)].CopyTo(bytes[at..]);
    }

    /// <summary>In place of the next number that is written in digits, if there is one.</summary>
    private void WriteText(List<byte> bytes, int at)
    {
        var start = bytes.FindIndex(at, b => char.IsAsciiDigit((char)b));
        if (start >= 0)
        {
            var end = bytes.FindIndex(start, b => !char.IsAsciiDigit((char)b));
            bytes.RemoveRange(start, (end < 0 ? bytes.Count : end) - start);
            bytes.InsertRange(start, Encoding.ASCII.GetBytes(_texts[random.Next(_texts.Length)]));
        }
    }

    private byte[] PieceOf(byte[] other)
    {
        var at = random.Next(other.Length + 1);
        return other.AsSpan(at, LengthOf(other.Length - at)).ToArray();
    }

    /// <summary>Mostly short, sometimes as long as can be.</summary>
    private int LengthOf(int most) => Math.Min(most, 1 + random.Next(1 << random.Next(1, 13)));
}
