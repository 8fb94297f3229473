using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// The steps of a softmax along one row that a warp owns: lanes across the classes, results in every lane. Powers are
/// computed again where they are needed, which is cheaper than to keep them.
/// </summary>
internal static class SoftmaxWarp
{
    /// <summary>Rows of a block.</summary>
    public const int Rows = 8;

    /// <summary>Threads of a block.</summary>
    public const int Threads = Rows * WarpReduce.Lanes;

    /// <summary>The calling warp's row.</summary>
    public static long Row => ((long)Grid.IdxX * Rows) + WarpReduce.Warp;

    /// <summary>The grid for that many rows.</summary>
    public static GridSize Over(int rows) => new(GridCover.Blocks(rows, Rows));

    /// <summary>The largest score of the row that begins at <paramref name="first"/>.</summary>
    public static float Maximum(ArrayView<float> logits, long first, int classes)
    {
        var maximum = float.NegativeInfinity;
        for (var c = WarpReduce.Lane; c < classes; c += WarpReduce.Lanes)
        {
            var logit = logits[first + c];
            maximum = maximum > logit ? maximum : logit;
        }

        return WarpReduce.Max(maximum);
    }

    /// <summary>e^(score - maximum).</summary>
    public static float Power(float logit, float maximum) =>
        RealMath.Exp(GpuReal.Broadcast(logit - maximum)).Value;

    /// <summary>Sum of the powers of the row.</summary>
    public static float SumOfPowers(ArrayView<float> logits, long first, int classes, float maximum)
    {
        var sum = 0f;
        for (var c = WarpReduce.Lane; c < classes; c += WarpReduce.Lanes)
        {
            sum += Power(logits[first + c], maximum);
        }

        return WarpReduce.Sum(sum);
    }
}
