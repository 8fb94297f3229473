using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One block: a thread finds the places of some images in the two lists, by counting those in front; then it writes some rows.
/// Threads: 256. Limits: none; counting takes Rows^2 / 256 steps, which a batch has to spare.
/// Bytes: 4 Rows Classes, and from the caches 6 Rows^2.
/// </summary>
internal sealed class RegMixMatchPairsV1Block : GpuVariant<RegMixMatchPairsCall>
{
    private static readonly GpuKernel Block = new(Kernel, threads: 256);

    public override string Name => "v1-block";

    public override string Idea => "one block: a thread per image counts those in front of it, then a thread per row";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Block];

    protected override void Run(GpuDevice device, in RegMixMatchPairsCall call)
    {
        using var first = device.Scratch<int>(call.Rows);
        using var second = device.Scratch<int>(call.Rows);
        device.Prepare(Block)
            .With(call.Labels).With(call.TakesPart).With(call.Order).With(call.Share)
            .With(call.Own).With(call.Pasted).With(call.Targets).With(call.Weights)
            .With(first.Slice).With(second.Slice).With(call.Rows).With(call.Classes).With(call.Weight)
            .On(new GridSize(1));
    }

    private static void Kernel(
        ArrayView<int> labels, ArrayView<float> takesPart, ArrayView<int> order, ArrayView<float> share,
        ArrayView<int> own, ArrayView<int> pasted, ArrayView<float> targets, ArrayView<float> weights,
        ArrayView<int> first, ArrayView<int> second, int rows, int classes, float weight)
    {
        for (var row = Group.IdxX; row < rows; row += Group.DimX)
        {
            var image = order[row];
            var inFront = 0;
            var inFrontOfOther = 0;
            for (var i = 0; i < row; i++)
            {
                inFront += Scalar.IsLess(0f, takesPart[i]) ? 1 : 0;
                inFrontOfOther += Scalar.IsLess(0f, takesPart[order[i]]) ? 1 : 0;
            }

            if (Scalar.IsLess(0f, takesPart[row]))
            {
                first[inFront] = row;
            }

            if (Scalar.IsLess(0f, takesPart[image]))
            {
                second[inFrontOfOther] = image;
            }
        }

        Group.Barrier();
        var pairs = 0;
        for (var i = 0; i < rows; i++)
        {
            pairs += Scalar.IsLess(0f, takesPart[i]) ? 1 : 0;
        }

        for (var row = Group.IdxX; row < rows; row += Group.DimX)
        {
            var pair = PairOf(row, pairs, rows);
            var a = pairs == 0 ? row : first[pair];
            var b = pairs == 0 ? row : second[pair];
            own[row] = a;
            pasted[row] = b;
            var isFirst = row == 0 || PairOf(row - 1, pairs, rows) != pair;
            weights[row] = isFirst && pairs > 0 ? weight : 0f;
            var (labelA, labelB) = (labels[a], labels[b]);
            for (var c = 0; c < classes; c++)
            {
                var ofOwn = c == labelA ? 1f - share[0] : 0f;
                targets[((long)row * classes) + c] = ofOwn + (c == labelB ? share[0] : 0f);
            }
        }
    }

    private static int PairOf(int row, int pairs, int rows) => (int)((long)row * pairs / rows);
}
