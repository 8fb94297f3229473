using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One block: a thread follows some classes down the rows, in their order, then aligns some rows; mean and variance of what they are sure
/// of are sums over the block. The memory of the weights holds how sure a row is in between.
/// Threads: 256. Limits: none; a batch that is large for one block is none that anybody trains on.
/// Bytes: 8 Rows Classes, the second half from the caches.
/// </summary>
internal sealed class SoftMatchWeightsV1Block : GpuVariant<SoftMatchWeightsCall>
{
    private static readonly GpuKernel Block = new(Kernel, threads: 256);

    public override string Name => "v1-block";

    public override string Idea => "one block: a thread per class, then a thread per row";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Block];

    protected override void Run(GpuDevice device, in SoftMatchWeightsCall call) => device.Prepare(Block)
        .With(call.Probabilities).With(call.Averages).With(call.Weights).With(call.Rows).With(call.Classes)
        .With(call.Momentum).With((float)(1 - (double)call.Momentum)).With(call.Deviations)
        .On(new GridSize(1));

    private static void Kernel(
        ArrayView<float> probabilities, ArrayView<float> averages, ArrayView<float> weights, int rows, int classes,
        float keep, float renew, float deviations)
    {
        var notFinite = 0;
        for (var row = Group.IdxX; row < rows; row += Group.DimX)
        {
            notFinite += RowArgMax.Find(probabilities, (long)row * classes, classes).IsFinite ? 0 : 1;
        }

        // Its barriers let every thread look at the averages before one follows.
        var isFirst = AreNone(averages, classes);
        var isFinite = BlockReduce.Sum(notFinite) == 0;
        if (isFinite)
        {
            FollowClasses(probabilities, averages, rows, classes, isFirst ? 0f : keep, isFirst ? 1f : renew);
        }

        Group.Barrier();
        var sum = 0f;
        for (var row = Group.IdxX; row < rows; row += Group.DimX)
        {
            var sure = Sure(probabilities, averages, (long)row * classes, classes);
            weights[row] = sure;
            sum += sure;
        }

        var mean = BlockReduce.Sum(sum) / rows;
        var squares = 0f;
        for (var row = Group.IdxX; row < rows; row += Group.DimX)
        {
            var apart = weights[row] - mean;
            squares = Scalar.Fma(apart, apart, squares);
        }

        var variance = BlockReduce.Sum(squares) / (rows > 1 ? rows - 1 : 1);
        if (isFinite && Group.IdxX == 0)
        {
            Follow(averages, 0, mean, keep, renew);
            Follow(averages, 1, variance, keep, renew);
        }

        Group.Barrier();
        for (var row = Group.IdxX; row < rows; row += Group.DimX)
        {
            weights[row] = Weight(deviations * (weights[row] - averages[0]), averages[1]);
        }
    }

    private static bool AreNone(ArrayView<float> averages, int classes)
    {
        var some = 0;
        for (var c = 0; c < classes; c++)
        {
            some += averages[2L + c] == 0f ? 0 : 1;
        }

        return some == 0;
    }

    private static void FollowClasses(
        ArrayView<float> probabilities, ArrayView<float> averages, int rows, int classes, float keep, float renew)
    {
        for (var c = Group.IdxX; c < classes; c += Group.DimX)
        {
            var sum = 0f;
            for (var row = 0; row < rows; row++)
            {
                sum += probabilities[((long)row * classes) + c];
            }

            Follow(averages, 2L + c, sum / rows, keep, renew);
        }
    }

    /// <summary>The largest aligned probability of a row; NaN if a number of it is not finite.</summary>
    private static float Sure(ArrayView<float> probabilities, ArrayView<float> averages, long first, int classes)
    {
        var uniform = (1f / classes) + SoftMatchWeightsOperator.Epsilon;
        var max = float.NegativeInfinity;
        var sum = 0f;
        for (var c = 0; c < classes; c++)
        {
            var p = probabilities[first + c];
            var q = p * (uniform / (averages[2L + c] + SoftMatchWeightsOperator.Epsilon));
            max = Scalar.IsLess(max, q) ? q : max;

            // Zero times what is not finite is NaN.
            sum = Scalar.Fma(p, 0f, sum + q);
        }

        return max / sum;
    }

    private static float Weight(float below, float variance)
    {
        var power = RealMath.Exp(GpuReal.Broadcast(-below * below / (2f * variance))).Value;
        return Scalar.IsLess(below, 0f) ? power : below >= 0f ? 1f : float.NaN;
    }

    private static void Follow(ArrayView<float> averages, long at, float present, float keep, float renew) =>
        averages[at] = Scalar.Fma(averages[at], keep, present * renew);
}
