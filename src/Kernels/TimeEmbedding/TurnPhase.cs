using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// The angles of a sinusoidal time embedding, t 10000^(-i/steps), without doubles: as parts of a turn in 64-bit fixed
/// point, 2^64 to the turn. Whole turns fall off the top, so the angle of any finite time is good to 2^-24 of itself.
/// </summary>
internal static class TurnPhase
{
    /// <summary>1 / (2 pi): the turns of one radian.</summary>
    private const ulong TurnsOfRadian = 0x28BE60DB9391054A;

    /// <summary>10000^(-1/steps) in fixed point, 2^64 to the one: what kernels are given instead of a table.</summary>
    public static ulong Ratio(int steps) => (ulong)(Math.Pow(10000, -1.0 / steps) * Math.Pow(2, 64));

    /// <summary>Turns per unit of time of frequency <paramref name="index"/>: 10000^(-index/steps) / (2 pi).</summary>
    public static ulong Frequency(ulong ratio, int index)
    {
        var turns = TurnsOfRadian;
        for (var bits = index; bits != 0; bits >>= 1)
        {
            if ((bits & 1) != 0)
            {
                turns = Scalar.MultiplyHigh(turns, ratio);
            }

            ratio = Scalar.MultiplyHigh(ratio, ratio);
        }

        return turns;
    }

    /// <summary>The turns that a time takes, less whole ones: in [-1/2, 1/2]. NaN if the time is not finite.</summary>
    public static float Of(float time, ulong frequency)
    {
        var bits = Interop.FloatAsInt(time);
        var exponent = (int)((bits >> 23) & 0xff);
        var mantissa = (ulong)(bits & 0x7fffff) | (exponent == 0 ? 0UL : 0x800000UL);
        var turns = Shifted(mantissa, frequency, Math.Max(exponent, 1) - 150);
        var phase = Scalar.FromInt64((long)turns) * (1f / (1UL << 63) / 2);
        return exponent == 0xff ? float.NaN : time < 0 ? -phase : phase;
    }

    /// <summary>mantissa frequency 2^shift, less whole turns; what is left of 2^-64 of a turn is cut.</summary>
    private static ulong Shifted(ulong mantissa, ulong frequency, int shift)
    {
        var low = mantissa * frequency;
        if (shift >= 0)
        {
            return shift < 64 ? low << shift : 0;
        }

        return shift > -64 ? (low >> -shift) | (Scalar.MultiplyHigh(mantissa, frequency) << (64 + shift)) : 0;
    }
}
