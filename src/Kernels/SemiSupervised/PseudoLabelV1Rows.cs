using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread owns a row. Threads: 256 in a block. Limits: none; a thread reads its row alone, which costs sectors and does
/// not count for the few rows of a batch. Bytes: 4 Rows Classes.
/// </summary>
internal sealed class PseudoLabelV1Rows : GpuVariant<PseudoLabelCall>
{
    private const int Threads = 256;

    private static readonly GpuKernel Rows = new(Kernel, Threads);

    public override string Name => "v1-rows";

    public override string Idea => "a thread per row, in one pass";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Rows];

    protected override void Run(GpuDevice device, in PseudoLabelCall call) => device.Prepare(Rows)
        .With(call.Probabilities).With(call.Thresholds).With(call.Labels).With(call.Weights).With(call.Rows).With(call.Classes)
        .On(new GridSize(GridCover.Blocks(call.Rows, Threads)));

    private static void Kernel(
        ArrayView<float> probabilities, ArrayView<float> thresholds, ArrayView<int> labels, ArrayView<float> weights,
        int rows, int classes)
    {
        var row = ((long)Grid.IdxX * Threads) + Group.IdxX;
        if (row >= rows)
        {
            return;
        }

        var said = RowArgMax.Find(probabilities, row * classes, classes);
        var threshold = thresholds[said.At];
        var isSure = Scalar.IsLess(threshold, said.Value) || threshold == said.Value;
        labels[row] = said.IsFinite ? said.At : 0;
        weights[row] = !said.IsFinite ? float.NaN : isSure ? 1f : 0f;
    }
}
