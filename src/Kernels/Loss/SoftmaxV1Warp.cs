using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A warp owns a row: maximum, sum of powers, division; the second and third reading come from the caches.
/// Threads: 256 in a block, eight rows; the lanes of a warp on neighbouring classes (coalesced). Limits: none.
/// Bytes: 8 Rows Classes. FLOPs: 6 Rows Classes, an exponential counted as one.
/// </summary>
internal sealed class SoftmaxV1Warp : GpuVariant<SoftmaxCall>
{
    private static readonly GpuKernel Softmax = new(Kernel, SoftmaxWarp.Threads);

    public override string Name => "v1-warp";

    public override string Idea => "a warp per row, maximum and sum by shuffles";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Softmax];

    protected override void Run(GpuDevice device, in SoftmaxCall call) =>
        device.Prepare(Softmax)
            .With(call.Logits).With(call.Probabilities).With(call.Rows).With(call.Classes)
            .On(SoftmaxWarp.Over(call.Rows));

    private static void Kernel(ArrayView<float> logits, ArrayView<float> probabilities, int rows, int classes)
    {
        var row = SoftmaxWarp.Row;
        if (row >= rows)
        {
            return;
        }

        var first = row * classes;
        var maximum = SoftmaxWarp.Maximum(logits, first, classes);
        var factor = 1 / SoftmaxWarp.SumOfPowers(logits, first, classes, maximum);
        for (var c = WarpReduce.Lane; c < classes; c += WarpReduce.Lanes)
        {
            probabilities[first + c] = SoftmaxWarp.Power(logits[first + c], maximum) * factor;
        }
    }
}
