namespace DPT.Engine.Kernels;

/// <summary>
/// The map of AutoContrast in integers: what <c>(int)((i * scale) + offset)</c> gives in double precision, with
/// scale = 255.0 / (high - low) and offset = -low * scale, to the last bit. Kernels have no doubles, and the rounding
/// shows: i = high often becomes 254.
/// </summary>
internal readonly struct ByteStretch
{
    // A double's mantissa, its one included.
    private const int Digits = 53;

    private readonly ulong _scale;
    private readonly ulong _offset;
    private readonly int _shift;

    /// <summary>Stretches low..high; 0 &lt;= low &lt; high &lt;= 255.</summary>
    public ByteStretch(int low, int high)
    {
        var span = high - low;
        var exponent = 0;
        while (span << (exponent + 1) <= 255)
        {
            exponent++;
        }

        // scale = _scale 2^-_shift with all digits of a double, and so are all later numbers.
        _shift = Digits - 1 - exponent;
        var numerator = 255UL << _shift;
        var quotient = numerator / (ulong)span;
        var twiceRest = 2 * (numerator - (quotient * (ulong)span));
        var isUp = twiceRest > (ulong)span || (twiceRest == (ulong)span && (quotient & 1) != 0);
        _scale = quotient + (isUp ? 1UL : 0UL);
        _offset = Rounded((ulong)low * _scale);
    }

    /// <summary>What becomes of a byte from low to high.</summary>
    public byte Of(int value)
    {
        var sum = Rounded(Rounded((ulong)value * _scale) - _offset);
        return (byte)Math.Min(255, (int)(sum >> _shift));
    }

    /// <summary>The nearest number with a double's digits, ties to even.</summary>
    private static ulong Rounded(ulong value)
    {
        var excess = 0;
        while (value >> excess >= 1UL << Digits)
        {
            excess++;
        }

        if (excess == 0)
        {
            return value;
        }

        var isOdd = (value >> excess) & 1;
        return (value + (1UL << (excess - 1)) - 1 + isOdd) >> excess << excess;
    }
}
