using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread per element, neighbours on neighbours of the last axis; three divisions find an element's index.
/// Threads: 256 in a block, grid strides. Limits: none. Bytes: 8 Count. FLOPs: 0.
/// </summary>
internal sealed class StridedCopyV1Elements : GpuVariant<StridedCopyCall>
{
    private static readonly GpuKernel Copy = new(Kernel, GridStride.Threads);

    public override string Name => "v1-elements";

    public override string Idea => "a thread per element, three divisions for its index";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Copy];

    protected override void Run(GpuDevice device, in StridedCopyCall call)
    {
        var (sizes, x, y) = (call.Sizes, call.StridesX, call.StridesY);
        device.Prepare(Copy)
            .With(call.X).With(call.Y).With(call.Count)
            .With(sizes.A1).With(sizes.A2).With(sizes.A3)
            .With(x.A0).With(x.A1).With(x.A2).With(x.A3)
            .With(y.A0).With(y.A1).With(y.A2).With(y.A3)
            .On(GridStride.Over(call.Count));
    }

    private static void Kernel(
        ArrayView<float> x, ArrayView<float> y, long count, long size1, long size2, long size3,
        long x0, long x1, long x2, long x3, long y0, long y1, long y2, long y3)
    {
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            var rest = i / size3;
            var i3 = i - (rest * size3);
            var row = rest / size2;
            var i2 = rest - (row * size2);
            var i0 = row / size1;
            var i1 = row - (i0 * size1);
            y[(i0 * y0) + (i1 * y1) + (i2 * y2) + (i3 * y3)] = x[(i0 * x0) + (i1 * x1) + (i2 * x2) + (i3 * x3)];
        }
    }
}
