using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One block: a thread finds what some rows are sure of; the last sure row of an image, and no other, changes what it remembers; then a
/// thread follows some counts down the rows. Nothing is counted by two, so nothing needs an atomic, and the order is that of the rows.
/// Threads: 256. Limits: none; looking for later rows of an image takes Rows^2 / 256 steps, which a batch has to spare.
/// Bytes: 4 Rows Classes, and from the caches 8 Rows (Classes + Rows / 2).
/// </summary>
internal sealed class FlexMatchThresholdsV1Block : GpuVariant<FlexMatchThresholdsCall>
{
    private const int Nothing = -1;

    private static readonly GpuKernel Block = new(Kernel, threads: 256);

    public override string Name => "v1-block";

    public override string Idea => "one block: a thread per row, then a thread per class";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Block];

    protected override void Run(GpuDevice device, in FlexMatchThresholdsCall call)
    {
        using var sure = device.Scratch<int>(call.Rows);
        using var before = device.Scratch<int>(call.Rows);
        device.Prepare(Block)
            .With(call.Probabilities).With(call.Images).With(call.Remembered).With(call.Counts).With(call.Thresholds)
            .With(sure.Slice).With(before.Slice).With(call.Rows).With(call.Classes).With(call.Cutoff)
            .On(new GridSize(1));
    }

    private static void Kernel(
        ArrayView<float> probabilities, ArrayView<int> images, ArrayView<int> remembered, ArrayView<int> counts,
        ArrayView<float> thresholds, ArrayView<int> sure, ArrayView<int> before, int rows, int classes, float cutoff)
    {
        for (var row = Group.IdxX; row < rows; row += Group.DimX)
        {
            var said = RowArgMax.Find(probabilities, (long)row * classes, classes);
            var isSure = said.IsFinite && !Scalar.IsLess(said.Value, cutoff);
            sure[row] = isSure ? 1 + said.At : Nothing;
        }

        Group.Barrier();
        for (var row = Group.IdxX; row < rows; row += Group.DimX)
        {
            var image = images[row];
            var isLast = sure[row] != Nothing && !IsSureAgain(images, sure, image, row + 1, rows);
            before[row] = isLast ? remembered[image] : Nothing;
            if (isLast)
            {
                remembered[image] = sure[row];
            }
        }

        Group.Barrier();
        for (var i = Group.IdxX; i <= classes; i += Group.DimX)
        {
            var count = counts[i];
            for (var row = 0; row < rows; row++)
            {
                var (was, isNow) = (before[row], sure[row]);
                count += was == Nothing ? 0 : (isNow == i ? 1 : 0) - (was == i ? 1 : 0);
            }

            counts[i] = count;
        }

        Group.Barrier();
        var most = 0;
        for (var i = 0; i <= classes; i++)
        {
            most = counts[i] > most ? counts[i] : most;
        }

        for (var c = Group.IdxX; c < classes; c += Group.DimX)
        {
            thresholds[c] = FlexMatchThresholdsOperator.Threshold(cutoff, counts[1 + c], most);
        }
    }

    private static bool IsSureAgain(ArrayView<int> images, ArrayView<int> sure, int image, int from, int rows)
    {
        var later = 0;
        for (var row = from; row < rows; row++)
        {
            later += images[row] == image && sure[row] != Nothing ? 1 : 0;
        }

        return later > 0;
    }
}
