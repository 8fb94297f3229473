namespace DPT.Engine.Dpt;

/// <summary>Small numbers as Parquet packs them: runs of one number, and groups of eight of some bits each.</summary>
internal static class RunLengths
{
    private const int WidestNumber = 31;
    private const int GroupSize = 8;

    /// <summary>Bits that numbers up to the largest need.</summary>
    public static int Width(int largest) => 32 - int.LeadingZeroCount(largest);

    /// <summary>Unpacks as many numbers as there is room for.</summary>
    /// <param name="packed">The packed numbers.</param>
    /// <param name="width">Bits of each.</param>
    /// <param name="numbers">Receives them.</param>
    /// <exception cref="InvalidDataException">A run is empty, or the numbers are too wide.</exception>
    /// <exception cref="EndOfStreamException">There are fewer.</exception>
    public static void Unpack(ReadOnlySpan<byte> packed, int width, Span<int> numbers)
    {
        if (width > WidestNumber)
        {
            throw new InvalidDataException($"it packs numbers of {width} bits, the most are {WidestNumber}");
        }

        if (width == 0)
        {
            // All are 0, and some write nothing at all for that.
            numbers.Clear();
            return;
        }

        while (numbers.Length > 0)
        {
            var head = Head(ref packed);
            if (head < 2)
            {
                throw new InvalidDataException("a run of packed numbers is empty");
            }

            var count = (int)Math.Min(head % 2 == 0 ? head >> 1 : (head >> 1) * GroupSize, numbers.Length);
            if (head % 2 == 0)
            {
                numbers[..count].Fill((int)Bits(Take(ref packed, (width + 7) / 8), 0, width));
            }
            else
            {
                // The last group may be cut where the numbers end.
                var group = Take(ref packed, Math.Min((head >> 1) * width, packed.Length));
                for (var i = 0; i < count; i++)
                {
                    numbers[i] = (int)Bits(group, (long)i * width, width);
                }
            }

            numbers = numbers[count..];
        }
    }

    private static long Head(ref ReadOnlySpan<byte> packed)
    {
        var head = 0L;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var next = Take(ref packed, 1)[0];
            head |= (long)(next & 127) << shift;
            if (next < 128)
            {
                return head;
            }
        }

        throw new InvalidDataException("the length of a run of packed numbers does not end");
    }

    /// <summary>A number that begins at some bit, the lowest first.</summary>
    private static uint Bits(ReadOnlySpan<byte> bytes, long at, int width)
    {
        var bits = 0UL;
        for (var i = (at + width + 7) / 8; i > at / 8; i--)
        {
            bits = (bits << 8) | (i <= bytes.Length ? bytes[(int)i - 1] : throw new EndOfStreamException());
        }

        return (uint)((bits >> (int)(at % 8)) & ((1UL << width) - 1));
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> packed, long length)
    {
        if (length > packed.Length)
        {
            throw new EndOfStreamException();
        }

        var taken = packed[..(int)length];
        packed = packed[(int)length..];
        return taken;
    }
}
