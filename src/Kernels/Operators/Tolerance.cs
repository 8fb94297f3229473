namespace DPT.Engine.Kernels;

/// <summary>
/// The bound on a result's error, in one place: the roundings that a sum of so many terms explains, and, where an
/// established library computed the same case in the same precision, a multiple of the error that it made.
/// </summary>
/// <remarks>
/// limit(size) = factor library + R sqrt(terms) (u size + e/2) + (extra + 4 intermediate) size + storage max(size, 2^-126)
/// + (16 + terms / 2) sensitivity, with u = 2^-24, e the smallest denormal float and size the magnitude that the error is relative to
/// (<see cref="ErrorStats.SizeOf"/>). Roundings behave like a random walk, hence the root. R is 16 if nothing else is known. A measured
/// library error replaces most of it, and R is 4: enough for the final roundings of a few elements on which the library was lucky,
/// and too little to hide a kernel that is worse than the library. Rounding n terms once moves their sum by sqrt(n) roundings of a
/// term, and adding them up one by one by sqrt(n^3/3): hence the terms beside the sensitivity. The e/2 is what a product loses when
/// it underflows.
/// </remarks>
public readonly record struct Tolerance
{
    /// <summary>Allowed multiple of the library's error for forward operators.</summary>
    public const double Forward = 2;

    /// <summary>Allowed multiple of the library's error for gradients.</summary>
    public const double Backward = 3;

    /// <summary>Half the distance between 1 and the next float.</summary>
    internal const double UnitRoundoff = 5.9604644775390625e-8;

    /// <summary>Of floats and of bf16: below it numbers lie as far apart as just above it.</summary>
    private const double SmallestNormal = 1.17549435082228751e-38;

    private const double RoundingsAlone = 16;
    private const double RoundingsBesideLibrary = 4;

    // Of many terms that were each rounded once, the errors partly cancel: their sum is off by a fraction of one rounding of its
    // size, and by four standard deviations of that nowhere.
    private const double RoundingsBetween = 4;

    /// <summary>Length of the longest sum behind one element of the result, at least 1.</summary>
    public required int Terms { get; init; }

    /// <summary>Error allowed beyond rounding, relative to the size of the result: documented approximations.</summary>
    public double ExtraError { get; init; }

    /// <summary>The share of itself that a result is off by for being stored in fewer bits than a float.</summary>
    public double StorageRoundoff { get; init; }

    /// <summary>The share of themselves that intermediate results are rounded by (<see cref="IKernelCall.IntermediateRoundoff"/>).</summary>
    public double IntermediateRoundoff { get; init; }

    /// <summary>Largest error of an established library on the same case; null if there is none.</summary>
    /// <exception cref="ArgumentException">It is not finite: the library failed, and would allow everything.</exception>
    public double? LibraryError
    {
        get;
        init => field = value is { } error && !double.IsFinite(error)
            ? throw new ArgumentException($"the library's error is {error}: it is no yardstick here")
            : value;
    }

    /// <summary><see cref="Forward"/> or <see cref="Backward"/>.</summary>
    public double Factor { get; init; }

    /// <summary>The largest error allowed to an element of that size.</summary>
    /// <param name="size">What the error is relative to.</param>
    /// <param name="sensitivity">How far rounding the inputs moves the element: no algorithm can be closer.</param>
    public double Limit(double size, double sensitivity = 0)
    {
        var roundings = (LibraryError is null ? RoundingsAlone : RoundingsBesideLibrary) * Math.Sqrt(Terms);
        return (Factor * (LibraryError ?? 0))
            + (roundings * ((UnitRoundoff * size) + (float.Epsilon / 2.0)))
            + ((ExtraError + (RoundingsBetween * IntermediateRoundoff)) * size)
            + (StorageRoundoff * Math.Max(size, SmallestNormal))
            + ((RoundingsAlone + (Terms / 2.0)) * sensitivity);
    }
}
