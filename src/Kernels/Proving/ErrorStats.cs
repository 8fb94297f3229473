using System.Globalization;

namespace DPT.Engine.Kernels;

/// <summary>
/// How far a result is from the truth, and which element uses the largest share of what it is allowed. A value that
/// is not finite counts as infinitely far.
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

    /// <summary>Compares a result with the truth.</summary>
    /// <exception cref="ArgumentException">
    /// The lengths differ, or the truth is not a number that a float can hold: the test is broken.
    /// </exception>
    public static ErrorStats Compare(ReadOnlySpan<double> actual, ReadOnlySpan<double> truth, in Tolerance tolerance)
    {
        if (actual.Length != truth.Length)
        {
            throw new ArgumentException($"{actual.Length} results against {truth.Length} true values");
        }

        var stats = new ErrorStats { Scale = RootMeanSquare(truth), Share = -1 };
        for (var i = 0; i < truth.Length; i++)
        {
            var error = double.IsFinite(actual[i]) ? Math.Abs(actual[i] - truth[i]) : double.PositiveInfinity;
            var limit = tolerance.Limit(SizeOf(truth[i], stats.Scale));
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

    private static double RootMeanSquare(ReadOnlySpan<double> truth)
    {
        var squares = 0.0;
        for (var i = 0; i < truth.Length; i++)
        {
            if (!(Math.Abs(truth[i]) <= float.MaxValue))
            {
                throw new ArgumentException($"the reference is {truth[i]} at {i}, no float: the test itself is broken");
            }

            squares += truth[i] * truth[i];
        }

        return Math.Sqrt(squares / truth.Length);
    }
}
