using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A warp owns a row: maximum, sum of powers, loss and gradient; all readings but the first come from the caches.
/// Threads: 256 in a block, eight rows; the lanes of a warp on neighbouring classes (coalesced).
/// Limits: none. A kernel cannot throw: a label outside 0..Classes-1 makes its row's loss and gradient NaN.
/// Bytes: up to 12 Rows Classes. FLOPs: 9 Rows Classes, an exponential counted as one.
/// </summary>
internal sealed class CrossEntropyV1Warp : GpuVariant<CrossEntropyCall>
{
    private static readonly GpuKernel HardTargets = new(Hard, SoftmaxWarp.Threads);
    private static readonly GpuKernel SoftTargets = new(Soft, SoftmaxWarp.Threads);

    public override string Name => "v1-warp";

    public override string Idea => "a warp per row, loss and gradient together, sums by shuffles";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [HardTargets, SoftTargets];

    protected override void Run(GpuDevice device, in CrossEntropyCall call)
    {
        var isHard = !call.Labels.IsEmpty;
        var launch = device.Prepare(isHard ? HardTargets : SoftTargets).With(call.Logits);
        launch = isHard ? launch.With(call.Labels) : launch.With(call.Targets);
        launch.With(call.RowWeights).With(call.Losses).With(call.LogitsGradient)
            .With(call.Rows).With(call.Classes).With(call.Scale)
            .On(SoftmaxWarp.Over(call.Rows));
    }

    private static void Hard(
        ArrayView<float> logits, ArrayView<int> labels, ArrayView<float> weights,
        ArrayView<float> losses, ArrayView<float> gradient, int rows, int classes, float scale)
    {
        var row = SoftmaxWarp.Row;
        if (row >= rows)
        {
            return;
        }

        var first = row * classes;
        var weight = weights.Length == 0 ? 1f : weights[row];
        var factor = weight * scale;
        var maximum = SoftmaxWarp.Maximum(logits, first, classes);
        var sum = SoftmaxWarp.SumOfPowers(logits, first, classes, maximum);
        var label = labels[row];
        var isClass = label >= 0 && label < classes;
        var score = float.NaN;
        if (isClass)
        {
            score = logits[first + label] - maximum;
        }

        if (WarpReduce.Lane == 0)
        {
            losses[row] = weight * (LogarithmOf(sum) - score);
        }

        if (gradient.Length == 0)
        {
            return;
        }

        var share = isClass ? 1 / sum : float.NaN;
        for (var c = WarpReduce.Lane; c < classes; c += WarpReduce.Lanes)
        {
            var probability = SoftmaxWarp.Power(logits[first + c], maximum) * share;
            gradient[first + c] = (probability - (c == label ? 1f : 0f)) * factor;
        }
    }

    private static void Soft(
        ArrayView<float> logits, ArrayView<float> targets, ArrayView<float> weights,
        ArrayView<float> losses, ArrayView<float> gradient, int rows, int classes, float scale)
    {
        var row = SoftmaxWarp.Row;
        if (row >= rows)
        {
            return;
        }

        var first = row * classes;
        var weight = weights.Length == 0 ? 1f : weights[row];
        var factor = weight * scale;
        var maximum = SoftmaxWarp.Maximum(logits, first, classes);
        var sum = SoftmaxWarp.SumOfPowers(logits, first, classes, maximum);
        var total = 0f;
        var product = 0f;
        for (var c = WarpReduce.Lane; c < classes; c += WarpReduce.Lanes)
        {
            // A class that no target asks for adds nothing, also at -infinity.
            var target = targets[first + c];
            var score = target == 0 ? 0f : logits[first + c] - maximum;
            total += target;
            product = Scalar.Fma(target, score, product);
        }

        total = WarpReduce.Sum(total);
        product = WarpReduce.Sum(product);
        if (WarpReduce.Lane == 0)
        {
            var loss = (LogarithmOf(sum) * total) - product;
            losses[row] = weight * loss;
        }

        if (gradient.Length == 0)
        {
            return;
        }

        var share = total / sum;
        for (var c = WarpReduce.Lane; c < classes; c += WarpReduce.Lanes)
        {
            var wanted = SoftmaxWarp.Power(logits[first + c], maximum) * share;
            gradient[first + c] = (wanted - targets[first + c]) * factor;
        }
    }

    private static float LogarithmOf(float sum) => RealMath.Log(GpuReal.Broadcast(sum)).Value;
}
