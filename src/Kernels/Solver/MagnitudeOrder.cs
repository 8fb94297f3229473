using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Magnitudes as integers in the same order, for finding the one of a rank without sorting, on hosts and GPUs alike: a key's digits of 8
/// bits are found from the top, each by counting which digits occur behind those that are found.
/// </summary>
internal static class MagnitudeOrder
{
    /// <summary>Values of a digit.</summary>
    public const int Digits = 256;

    /// <summary>Digits of a key.</summary>
    public const int Places = 4;

    private const int DigitBits = 8;
    private const uint Infinity = 0xff000000;

    /// <summary>The key of |x|: its bits without the sign. NaN lies above infinity.</summary>
    public static uint KeyOf(float x) => Interop.FloatAsInt(x) << 1;

    /// <summary>How far a digit is from the right, in bits; place 0 is the top.</summary>
    public static int Shift(int place) => (Places - 1 - place) * DigitBits;

    /// <summary>
    /// The digit of a key there, at least <see cref="Digits"/> if a higher one is not as in <paramref name="found"/>, whose digits are 0
    /// from this place on.
    /// </summary>
    public static uint DigitAt(int place, uint key, uint found) => (key ^ found) >> Shift(place);

    /// <summary>
    /// The limit s of a sample: the quantile between two neighbours in order, at least <paramref name="range"/>; NaN if the largest key is
    /// one of NaN.
    /// </summary>
    public static float Limit(uint below, uint above, uint largest, float weight, float range)
    {
        var a = MagnitudeOf(below);
        var quantile = Scalar.Fma(weight, MagnitudeOf(above) - a, a);
        return largest > Infinity ? float.NaN : Scalar.IsLess(quantile, range) ? range : quantile;
    }

    private static float MagnitudeOf(uint key) => Interop.IntAsFloat(key >> 1);
}
