using System.Numerics.Tensors;

namespace DPT.Engine.Dpt;

/// <summary>
/// What the regression minimises (spec 2.3): <c>f(W) = mean_i [logsumexp_j w_j.x_i - w_y.x_i] + (mu/2) |W|^2</c>, <c>mu = lambda/n</c>.
/// </summary>
/// <remarks>
/// Work is cut by sizes alone, and every sum has its order: the bits do not depend on the number of threads. A product of all rows with a
/// matrix takes n C D multiply-adds.
/// </remarks>
/// <param name="rows">[N, D].</param>
/// <param name="labels">[N], 0 to classes - 1.</param>
/// <param name="classes">C.</param>
/// <param name="lambda">Above 0.</param>
internal sealed class LogisticObjective(FeatureRows rows, int[] labels, int classes, double lambda)
{
    // A tile of the gradient, 8 KiB, stays in the first cache while all rows pass by.
    private const int TileClasses = 4;
    private const int TileWidth = 256;

    /// <summary>So many rows stay in the second cache while all classes pass by.</summary>
    private const int RowsOfPiece = 32;

    private readonly double[] _losses = new double[rows.Count];

    /// <summary>Weight of the penalty: f is at least so convex.</summary>
    public double Mu { get; } = lambda / rows.Count;

    /// <summary>Numbers of a matrix of weights, [C, D].</summary>
    public int Length => classes * rows.Width;

    /// <summary>Scores of all rows, [N, C]: linear in the weights.</summary>
    public double[] Scores(double[] weights) => Scores(rows, weights, classes);

    /// <inheritdoc cref="Scores(double[])"/>
    public static double[] Scores(FeatureRows rows, double[] weights, int classes)
    {
        var (scores, width) = (new double[rows.Count * classes], rows.Width);
        ForPieces(rows.Count, (first, end) =>
        {
            for (var c = 0; c < classes; c++)
            {
                var ofClass = weights.AsSpan(c * width, width);
                for (var i = first; i < end; i++)
                {
                    scores[(i * classes) + c] = TensorPrimitives.Dot(rows[i], ofClass);
                }
            }
        });
        return scores;
    }

    /// <summary>The value.</summary>
    /// <param name="scores">Of the weights, [N, C].</param>
    /// <param name="squaredNorm">|W|^2.</param>
    /// <param name="residuals">Receives probabilities less 1 at the label, [N, C].</param>
    public double Value(double[] scores, double squaredNorm, double[] residuals)
    {
        ForPieces(rows.Count, (first, end) =>
        {
            for (var i = first; i < end; i++)
            {
                var residual = residuals.AsSpan(i * classes, classes);
                var most = TensorPrimitives.Max<double>(scores.AsSpan(i * classes, classes));
                TensorPrimitives.Subtract(scores.AsSpan(i * classes, classes), most, residual);
                var ofLabel = residual[labels[i]];
                TensorPrimitives.Exp(residual, residual);
                var sum = TensorPrimitives.Sum<double>(residual);
                TensorPrimitives.Divide(residual, sum, residual);
                residual[labels[i]] -= 1;
                _losses[i] = Math.Log(sum) - ofLabel;
            }
        });
        return (TensorPrimitives.Sum<double>(_losses) / rows.Count) + (Mu / 2 * squaredNorm);
    }

    /// <summary>The derivative in a direction.</summary>
    /// <param name="residuals">As <see cref="Value"/> leaves them.</param>
    /// <param name="change">Scores of the direction, [N, C].</param>
    /// <param name="product">W times the direction, W being where it is looked from.</param>
    public double Slope(double[] residuals, double[] change, double product) =>
        (TensorPrimitives.Dot<double>(residuals, change) / rows.Count) + (Mu * product);

    /// <summary>The gradient, [C, D].</summary>
    /// <param name="residuals">As <see cref="Value"/> leaves them.</param>
    /// <param name="weights">[C, D].</param>
    public double[] Gradient(double[] residuals, double[] weights)
    {
        var (gradient, width) = (new double[Length], rows.Width);
        TensorPrimitives.Multiply(weights, Mu, gradient);
        var (down, across) = ((classes + TileClasses - 1) / TileClasses, (width + TileWidth - 1) / TileWidth);
        _ = Parallel.For(0, down * across, tile =>
        {
            var (c0, d0) = (tile / across * TileClasses, tile % across * TileWidth);
            var (c1, length) = (Math.Min(c0 + TileClasses, classes), Math.Min(TileWidth, width - d0));
            for (var i = 0; i < rows.Count; i++)
            {
                var row = rows[i].Slice(d0, length);
                for (var c = c0; c < c1; c++)
                {
                    var sums = gradient.AsSpan((c * width) + d0, length);
                    TensorPrimitives.MultiplyAdd(row, residuals[(i * classes) + c] / rows.Count, sums, sums);
                }
            }
        });
        return gradient;
    }

    private static void ForPieces(int count, Action<int, int> work) => Parallel.For(
        0, (count + RowsOfPiece - 1) / RowsOfPiece, piece => work(piece * RowsOfPiece, Math.Min((piece + 1) * RowsOfPiece, count)));
}
