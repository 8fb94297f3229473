using System.Numerics.Tensors;

namespace DPT.Engine.Dpt;

/// <summary>How a regression is fitted.</summary>
internal sealed record RegressionOptions
{
    /// <summary>The penalty's weight times the number of rows, above 0; 0.0025 is the paper's.</summary>
    public double Lambda { get; init; } = 0.0025;

    /// <summary>It is done when the value is proven to be this close to the least one, as a share of the value; above 0.</summary>
    public double Tolerance { get; init; } = 1e-6;

    /// <summary>It ends unfinished after so many steps.</summary>
    public int MostSteps { get; init; } = 10_000;
}

/// <summary>
/// Multinomial logistic regression on frozen features, without intercept (spec 2.3): the classifier of recipe A. Its one minimum is found
/// by limited-memory BFGS from 0 and proven by its gradient: <c>f - f* &lt;= |g|^2 / (2 mu)</c>, as f is mu-strongly convex.
/// </summary>
/// <remarks>
/// A step takes two products with all rows (<see cref="LogisticLine"/>). Math.NET Numerics 5.0 finds the same minimum, with two values and
/// gradients a step, and ends by the gradient's size alone, which proves nothing of the value.
/// </remarks>
internal sealed class LogisticRegression
{
    /// <summary>One with given weights.</summary>
    /// <param name="weights">[C, D].</param>
    /// <param name="classes">C.</param>
    public LogisticRegression(double[] weights, int classes) => (Weights, Classes) = (weights, classes);

    /// <summary>[C, D].</summary>
    public double[] Weights { get; }

    /// <summary>C.</summary>
    public int Classes { get; }

    /// <summary>The value at the weights.</summary>
    public double Value { get; private init; }

    /// <summary>It is at most so far from the least value.</summary>
    public double Gap { get; private init; }

    /// <summary>Steps that were taken.</summary>
    public int Steps { get; private init; }

    /// <summary>Whether the gap is as small as was asked.</summary>
    public bool IsDone { get; private init; }

    /// <summary>Fits.</summary>
    /// <param name="rows">[N, D], N at least 1; normalised, if they are to be as the method has them.</param>
    /// <param name="labels">[N], 0 to classes - 1.</param>
    /// <param name="classes">C, at least 2.</param>
    /// <param name="options">Penalty and end.</param>
    /// <param name="stop">Stops between steps.</param>
    /// <param name="tell">Hears of each step with the value there and the gap.</param>
    public static LogisticRegression Fit(
        FeatureRows rows,
        int[] labels,
        int classes,
        RegressionOptions options,
        CancellationToken stop = default,
        Action<int, double, double>? tell = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Lambda);
        ArgumentOutOfRangeException.ThrowIfNotEqual(labels.Length, rows.Count);
        var objective = new LogisticObjective(rows, labels, classes, options.Lambda);
        var (weights, scores) = (new double[objective.Length], new double[rows.Count * classes]);
        var residuals = new double[scores.Length];
        var value = objective.Value(scores, 0, residuals);
        var gradient = objective.Gradient(residuals, weights);
        var past = new QuasiNewton();
        for (var steps = 0; ; steps++)
        {
            stop.ThrowIfCancellationRequested();
            var gap = TensorPrimitives.SumOfSquares<double>(gradient) / (2 * objective.Mu);
            var fitted = new LogisticRegression(weights, classes)
            {
                Value = value,
                Gap = gap,
                Steps = steps,
                IsDone = gap <= options.Tolerance * value,
            };
            tell?.Invoke(steps, value, gap);
            if (fitted.IsDone || steps == options.MostSteps)
            {
                return fitted;
            }

            var direction = past.Direction(gradient);
            var line = new LogisticLine(objective, weights, scores, direction);
            if (line.Search(value, TensorPrimitives.Dot<double>(gradient, direction)) is not { } step)
            {
                return fitted;
            }

            value = line.Value;
            TensorPrimitives.Multiply(direction, step, direction);
            TensorPrimitives.Add<double>(weights, direction, weights);
            (scores, residuals) = (line.Scores, line.Residuals);
            var next = objective.Gradient(residuals, weights);
            TensorPrimitives.Subtract<double>(next, gradient, gradient);
            past.Add(direction, gradient);
            gradient = next;
        }
    }

    /// <summary>Class scores, [N, C].</summary>
    public double[] Scores(FeatureRows rows) => LogisticObjective.Scores(rows, Weights, Classes);

    /// <summary>The class of the highest score, of equal ones the lowest, [N].</summary>
    public int[] Predict(FeatureRows rows)
    {
        var scores = Scores(rows);
        return [.. Enumerable.Range(0, rows.Count).Select(i => TensorPrimitives.IndexOfMax<double>(scores.AsSpan(i * Classes, Classes)))];
    }

    /// <summary>
    /// Class probabilities, [N, C]. Of rows that are not normalised they are other ones, as the official code stores them; the order of the
    /// classes is the same, as no class has a score from a constant.
    /// </summary>
    public double[] Probabilities(FeatureRows rows)
    {
        var scores = Scores(rows);
        for (var start = 0; start < scores.Length; start += Classes)
        {
            var row = scores.AsSpan(start, Classes);
            TensorPrimitives.Subtract(row, TensorPrimitives.Max<double>(row), row);
            TensorPrimitives.SoftMax<double>(row, row);
        }

        return scores;
    }
}
