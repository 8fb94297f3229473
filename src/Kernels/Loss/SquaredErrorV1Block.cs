using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A block owns a sample and reads it once: its squares are summed while the gradient is written. A sample of weight 0
/// is not read at all, so whatever it holds stays out of the loss.
/// Threads: 256 in a block, neighbours on neighbouring elements (coalesced). Limits: none.
/// Bytes: 12 Batch Elements. FLOPs: 4 Batch Elements.
/// </summary>
internal sealed class SquaredErrorV1Block : GpuVariant<SquaredErrorCall>
{
    private static readonly GpuKernel Difference = new(Kernel, threads: 256);

    public override string Name => "v1-block";

    public override string Idea => "a block per sample, loss and gradient in one pass; masked samples are skipped";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Difference];

    protected override void Run(GpuDevice device, in SquaredErrorCall call) =>
        device.Prepare(Difference)
            .With(call.Prediction).With(call.Target).With(call.SampleWeights)
            .With(call.Losses).With(call.PredictionGradient)
            .With(call.Elements).With(call.Scale)
            .On(new GridSize(call.Batch));

    private static void Kernel(
        ArrayView<float> prediction, ArrayView<float> target, ArrayView<float> weights,
        ArrayView<float> losses, ArrayView<float> gradient, int elements, float scale)
    {
        var sample = Grid.IdxX;
        var first = (long)sample * elements;
        var weight = weights.Length == 0 ? 1f : weights[sample];
        var factor = (2 * scale * weight) / elements;
        var squares = 0f;
        for (var i = Group.IdxX; i < elements; i += Group.DimX)
        {
            var difference = 0f;
            if (weight != 0)
            {
                difference = prediction[first + i] - target[first + i];
                squares = Scalar.Fma(difference, difference, squares);
            }

            if (gradient.Length != 0)
            {
                gradient[first + i] = difference * factor;
            }
        }

        squares = BlockReduce.Sum(squares);
        if (Group.IdxX == 0)
        {
            losses[sample] = weight * (squares / elements);
        }
    }
}
