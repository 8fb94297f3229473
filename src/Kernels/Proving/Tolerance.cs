namespace DPT.Engine.Kernels;

/// <summary>
/// The bound on a result's error, in one place: at most <c>factor</c> times the error that an established library
/// makes in the same precision, but never tighter than a floor of a few roundings. Written so that NaN fails.
/// </summary>
public static class Tolerance
{
    /// <summary>Allowed multiple of the library's error for forward operators.</summary>
    public const double Forward = 2;

    /// <summary>Allowed multiple of the library's error for gradients.</summary>
    public const double Backward = 3;

    /// <summary>Half the distance between 1 and the next float.</summary>
    private const double UnitRoundoff = 5.9604644775390625e-8;

    /// <summary>Roundings allowed per square root of the number of terms.</summary>
    private const double Roundings = 16;

    /// <summary>
    /// The error that rounding explains: 16 u sqrt(terms) times the size of the result (its root mean square, or the
    /// element itself where that is larger).
    /// </summary>
    public static double Floor(in ErrorStats stats, int terms, double extraError) =>
        ((Roundings * UnitRoundoff * Math.Sqrt(terms)) + extraError) * Math.Max(stats.Scale, Math.Abs(stats.Expected))
        + float.Epsilon;

    /// <summary>Whether the error is inside the band.</summary>
    /// <param name="ours">Our error.</param>
    /// <param name="libraryError">The library's largest error on the same case; 0 where there is none.</param>
    /// <param name="factor"><see cref="Forward"/> or <see cref="Backward"/>.</param>
    /// <param name="terms">Terms in the longest sum.</param>
    /// <param name="extraError">Documented approximation error, relative.</param>
    public static bool Holds(in ErrorStats ours, double libraryError, double factor, int terms, double extraError) =>
        ours.MaxError <= Math.Max(factor * libraryError, Floor(in ours, terms, extraError));
}
