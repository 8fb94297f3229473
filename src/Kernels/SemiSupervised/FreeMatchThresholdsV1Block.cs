using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One block: a thread finds what some rows predict, then follows some classes down the rows, in their order.
/// Threads: 256. Limits: none; a batch that is large for one block is none that anybody trains on.
/// Bytes: 8 Rows Classes, the second half from the caches.
/// </summary>
internal sealed class FreeMatchThresholdsV1Block : GpuVariant<FreeMatchThresholdsCall>
{
    private static readonly GpuKernel Block = new(Kernel, threads: 256);

    public override string Name => "v1-block";

    public override string Idea => "one block: a thread per row, then a thread per class";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Block];

    protected override void Run(GpuDevice device, in FreeMatchThresholdsCall call)
    {
        using var labels = device.Scratch<int>(call.Rows);
        device.Prepare(Block)
            .With(call.Probabilities).With(call.Averages).With(call.Thresholds).With(labels.Slice)
            .With(call.Rows).With(call.Classes).With(call.Momentum).With((float)(1 - (double)call.Momentum))
            .On(new GridSize(1));
    }

    private static void Kernel(
        ArrayView<float> probabilities, ArrayView<float> averages, ArrayView<float> thresholds, ArrayView<int> labels,
        int rows, int classes, float keep, float renew)
    {
        var confidence = 0f;
        var notFinite = 0;
        for (var row = Group.IdxX; row < rows; row += Group.DimX)
        {
            var said = RowArgMax.Find(probabilities, (long)row * classes, classes);
            labels[row] = said.At;
            confidence += said.Value;
            notFinite += said.IsFinite ? 0 : 1;
        }

        // Its barriers show every thread the labels.
        confidence = BlockReduce.Sum(confidence);
        notFinite = BlockReduce.Sum(notFinite);
        var share = 1f / rows;
        if (notFinite == 0)
        {
            for (var c = Group.IdxX; c < classes; c += Group.DimX)
            {
                var sum = 0f;
                var predicted = 0f;
                for (var row = 0; row < rows; row++)
                {
                    sum += probabilities[((long)row * classes) + c];
                    predicted += labels[row] == c ? 1f : 0f;
                }

                Follow(averages, 1L + c, sum * share, keep, renew);
                Follow(averages, 1L + classes + c, predicted * share, keep, renew);
            }

            if (Group.IdxX == 0)
            {
                Follow(averages, 0, confidence * share, keep, renew);
            }
        }

        Group.Barrier();
        var argMax = RowArgMax.Find(averages, 1, classes);
        var max = argMax.IsFinite ? argMax.Value : float.NaN;
        for (var c = Group.IdxX; c < classes; c += Group.DimX)
        {
            thresholds[c] = averages[0] * (averages[1L + c] / max);
        }
    }

    private static void Follow(ArrayView<float> averages, long at, float present, float keep, float renew) =>
        averages[at] = Scalar.Fma(averages[at], keep, present * renew);
}
