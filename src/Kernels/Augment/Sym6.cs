using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The low-pass filter of the wavelet sym6, by which lines are raised to twice their numbers and lowered again. Its shifts by even
/// numbers are orthogonal to it: what is raised and lowered is what it was. Source: method specification, section 4.9.
/// </summary>
internal static class Sym6
{
    /// <summary>Numbers of the filter; a lowered number is a sum of so many.</summary>
    public const int Taps = 12;

    /// <summary>A raised number is a sum of so many.</summary>
    public const int Raising = Taps / 2;

    /// <summary>The first number that raised number <paramref name="at"/> is a sum of; raised number 2 i lies on number i.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int First(int at) => (at - 5) >> 1;

    /// <summary>The factor of the <paramref name="n"/>-th of them, 0 to 5.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Raise(int at, int n) => (at & 1) == 0 ? Tap(11 - (2 * n)) : Tap(10 - (2 * n));

    /// <summary>A number of the filter. No table: in a loop that is written out it is a constant.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Tap(int n) =>
        n == 0 ? 0.015404109327027373f
        : n == 1 ? 0.0034907120842174702f
        : n == 2 ? -0.11799011114819057f
        : n == 3 ? -0.048311742585633f
        : n == 4 ? 0.4910559419267466f
        : n == 5 ? 0.787641141030194f
        : n == 6 ? 0.3379294217276218f
        : n == 7 ? -0.07263752278646252f
        : n == 8 ? -0.021060292512300564f
        : n == 9 ? 0.04472490177066578f
        : n == 10 ? 0.0017677118642428036f
        : -0.007800708325034148f;
}
