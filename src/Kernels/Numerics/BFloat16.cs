using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A number of 16 bits: a float without the lower half of its fraction. Range of a float, 8 significant bits; what tensor
/// cores multiply. A value in memory, not one to compute with: kernels and references widen it, compute in fp32, and round.
/// </summary>
/// <param name="Bits">Sign, 8 bits of exponent, 7 of fraction.</param>
public readonly record struct BFloat16(ushort Bits)
{
    /// <summary>2^-8: half the distance between 1 and the next one, and so the largest share of itself that rounding takes.</summary>
    public const double UnitRoundoff = 1.0 / 256;

    /// <summary>The nearest one, ties to even; NaN becomes the NaN that a card gives. (Kernels: <c>TensorCore.PackBf16</c>.)</summary>
    public static BFloat16 Round(float value)
    {
        const uint Nan = 0x7fff;
        var bits = BitConverter.SingleToUInt32Bits(value);
        return new((ushort)(float.IsNaN(value) ? Nan : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16));
    }

    /// <summary>The same number, exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float ToSingle() => Interop.IntAsFloat((uint)Bits << 16);

    /// <inheritdoc/>
    public override string ToString() => ToSingle().ToString("g4", System.Globalization.CultureInfo.InvariantCulture);
}
