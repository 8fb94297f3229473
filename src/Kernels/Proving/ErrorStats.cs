using System.Globalization;

namespace DPT.Engine.Kernels;

/// <summary>
/// How far a result is from the truth, and which element uses the largest share of what it is allowed. A value that
/// is not finite counts as infinitely far, unless the truth is the same: NaN, or that infinity.
/// </summary>
/// <remarks>
/// The worst element is the one nearest to, or furthest over, its own limit. The largest absolute error would be the
/// wrong one to judge: where magnitudes differ it belongs to a large element that may well be right, and would hide
/// a small one that is wrong.
/// </remarks>
public readonly record struct ErrorStats
{
    /// <summary>Largest absolute difference of all elements.</summary>
    public double MaxError { get; private init; }

    /// <summary>Largest error divided by the limit of its element: at most 1 if all is well.</summary>
    public double Share { get; private init; }

    /// <summary>The element with that share.</summary>
    public long Index { get; private init; }

    /// <summary>The result there.</summary>
    public double Actual { get; private init; }

    /// <summary>The truth there.</summary>
    public double Expected { get; private init; }

    /// <summary>The error allowed there.</summary>
    public double Limit { get; private init; }

    /// <summary>Root mean square of the truth.</summary>
    public double Scale { get; private init; }

    /// <summary>Whether every element is within its limit.</summary>
    public bool Holds => Share <= 1;

    /// <summary>Compares a result with a truth that floats can hold.</summary>
    /// <exception cref="ArgumentException">
    /// The lengths differ, or the truth is not a number that a float can hold: the test is broken.
    /// </exception>
    public static ErrorStats Compare(ReadOnlySpan<double> actual, ReadOnlySpan<double> truth, in Tolerance tolerance)
    {
        for (var i = 0; i < truth.Length; i++)
        {
            if (!IsFloat(truth[i]))
            {
                throw new ArgumentException($"the reference is {truth[i]} at {i}, no float: the test itself is broken");
            }
        }

        return CompareHard(actual, truth, [], in tolerance, sameInfinities: true);
    }

    /// <summary>Compares a result with a truth that may be NaN, or beyond what a float can hold, which is infinite.</summary>
    /// <param name="actual">The result.</param>
    /// <param name="truth">The truth.</param>
    /// <param name="sensitivity">How far rounding the inputs moves each element; empty for nowhere.</param>
    /// <param name="tolerance">The bound.</param>
    /// <param name="sameInfinities">Whether an infinite truth asks for that infinity; otherwise NaN and the other serve too.</param>
    /// <exception cref="ArgumentException">The lengths differ: the test is broken.</exception>
    public static ErrorStats CompareHard(
        ReadOnlySpan<double> actual, ReadOnlySpan<double> truth, ReadOnlySpan<double> sensitivity,
        in Tolerance tolerance, bool sameInfinities)
    {
        if (actual.Length != truth.Length)
        {
            throw new ArgumentException($"{actual.Length} results against {truth.Length} true values");
        }

        var stats = new ErrorStats { Scale = RootMeanSquare(truth), Share = -1 };
        for (var i = 0; i < truth.Length; i++)
        {
            var error = Error(actual[i], truth[i], sameInfinities);
            var limit = tolerance.Limit(
                SizeOf(IsFloat(truth[i]) ? truth[i] : 0, stats.Scale), sensitivity.IsEmpty ? 0 : sensitivity[i]);
            stats = stats with { MaxError = Math.Max(stats.MaxError, error) };
            if (error / limit > stats.Share)
            {
                stats = stats with
                {
                    Share = error / limit,
                    Index = i,
                    Actual = actual[i],
                    Expected = truth[i],
                    Limit = limit,
                };
            }
        }

        return stats;
    }

    /// <summary>
    /// What the error of an element is relative to: the element itself, or the root mean square of the result where
    /// that is larger, because elements that cancel carry the roundings of what they are the difference of. (So a
    /// case must not let a result of very few elements cancel: nothing would be left that tells the size of its terms.)
    /// </summary>
    public static double SizeOf(double truth, double scale) => Math.Max(Math.Abs(truth), scale);

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"got {Actual:g9} at {Index}, truth {Expected:g9}: {100 * Share:f0} % of the limit {Limit:g3} (scale {Scale:g3})");

    private static bool IsFloat(double value) => Math.Abs(value) <= float.MaxValue;

    private static double Error(double actual, double truth, bool sameInfinities)
    {
        if (double.IsFinite(actual) && IsFloat(truth))
        {
            return Math.Abs(actual - truth);
        }

        // What is not finite is never near a number.
        var isSame = sameInfinities
            ? ((float)truth).Equals((float)actual)
            : !double.IsFinite(actual) && !IsFloat(truth);
        return isSame ? 0 : double.PositiveInfinity;
    }

    private static double RootMeanSquare(ReadOnlySpan<double> truth)
    {
        var squares = 0.0;
        foreach (var value in truth)
        {
            squares += IsFloat(value) ? value * value : 0;
        }

        return Math.Sqrt(squares / truth.Length);
    }
}
