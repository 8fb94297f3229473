using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread per number: images along y of the grid, their numbers along x (coalesced but inside of the box), grid strides along both.
/// Threads: 256 in a block. Limits: none. Bytes: 8 Rows Width, lines and columns from the caches.
/// </summary>
internal sealed class MixPasteV1Elements : GpuVariant<MixPasteCall>
{
    private static readonly GpuKernel Paste = new(Kernel, GridStride.Threads);

    public override string Name => "v1-elements";

    public override string Idea => "a thread per number, which reads one image or the other";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Paste];

    protected override void Run(GpuDevice device, in MixPasteCall call) => device.Prepare(Paste)
        .With(call.Images).With(call.Own).With(call.Pasted).With(call.Lines).With(call.Columns).With(call.Mixed)
        .With(call.Rows).With(call.SourceRows).With(call.Side).With(call.Width)
        .On(GridStride.Over(call.Rows, call.Width));

    private static void Kernel(
        ArrayView<float> images, ArrayView<int> own, ArrayView<int> pasted, ArrayView<int> lines, ArrayView<int> columns,
        ArrayView<float> mixed, int rows, int sourceRows, int side, int width)
    {
        for (var row = Grid.IdxY; row < rows; row += Grid.DimY)
        {
            var (around, inside) = (own[row], pasted[row]);
            for (var i = GridStride.First; i < width; i += GridStride.Step)
            {
                // The number is in line 'y' of its channel; 'above' are the lines of the image before that channel.
                var line = (int)i / side;
                var x = (int)i - (line * side);
                var y = line % side;
                var above = line - y;
                var (otherY, otherX) = (lines[y], columns[x]);
                var isPasted = otherY >= 0 && otherX >= 0;
                var image = isPasted ? inside : around;
                var isPlace = !isPasted || (otherY < side && otherX < side);
                var isThere = isPlace && image >= 0 && image < sourceRows;
                var at = isPasted ? ((above + otherY) * side) + otherX : (int)i;
                mixed[((long)row * width) + i] = isThere ? images[((long)image * width) + at] : float.NaN;
            }
        }
    }
}
