using System.Globalization;

namespace DPT.Engine.Kernels;

/// <summary>How far a result is from the truth. A value that is not finite counts as infinitely far.</summary>
public readonly record struct ErrorStats
{
    /// <summary>Largest absolute difference.</summary>
    public double MaxError { get; private init; }

    /// <summary>Where it is.</summary>
    public long MaxIndex { get; private init; }

    /// <summary>Root mean square of the truth: the size that errors are relative to.</summary>
    public double Scale { get; private init; }

    /// <summary>The result at <see cref="MaxIndex"/>.</summary>
    public double Actual { get; private init; }

    /// <summary>The truth at <see cref="MaxIndex"/>.</summary>
    public double Expected { get; private init; }

    /// <summary>Compares a result with the truth.</summary>
    /// <exception cref="ArgumentException">The truth is not finite, or the lengths differ: the test is broken.</exception>
    public static ErrorStats Compare(ReadOnlySpan<double> actual, ReadOnlySpan<double> truth)
    {
        if (actual.Length != truth.Length)
        {
            throw new ArgumentException($"{actual.Length} results against {truth.Length} true values");
        }

        double worst = -1, squares = 0;
        var at = 0;
        for (var i = 0; i < truth.Length; i++)
        {
            if (!double.IsFinite(truth[i]))
            {
                throw new ArgumentException($"the reference is {truth[i]} at {i}: the test itself is broken");
            }

            squares += truth[i] * truth[i];
            var error = double.IsFinite(actual[i]) ? Math.Abs(actual[i] - truth[i]) : double.PositiveInfinity;
            if (error > worst)
            {
                (worst, at) = (error, i);
            }
        }

        return new ErrorStats
        {
            MaxError = worst,
            MaxIndex = at,
            Scale = Math.Sqrt(squares / truth.Length),
            Actual = actual[at],
            Expected = truth[at],
        };
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"max error {MaxError:g3} at {MaxIndex}: got {Actual:g9}, truth {Expected:g9} (scale {Scale:g3})");
}
