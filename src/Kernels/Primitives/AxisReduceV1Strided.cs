using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Inside the axis a thread owns an element of the result and walks along the axis, neighbours side by side (coalesced). Along
/// the last axis a warp owns an element: each lane takes every 32nd, then five exchanges.
/// Threads: 256 in a block, grid strides; or eight warps. Limits: none.
/// Bytes: 4 Outer Inner (Length + 1). FLOPs: Outer Length Inner.
/// </summary>
internal sealed class AxisReduceV1Strided : GpuVariant<AxisReduceCall>
{
    private const int Warps = GridStride.Threads / WarpReduce.Lanes;

    private static readonly GpuKernel SumInside = new(Inside<SumReduction>, GridStride.Threads);
    private static readonly GpuKernel SumAlong = new(Along<SumReduction>, GridStride.Threads);
    private static readonly GpuKernel MaxInside = new(Inside<MaxReduction>, GridStride.Threads);
    private static readonly GpuKernel MaxAlong = new(Along<MaxReduction>, GridStride.Threads);

    public override string Name => "v1-strided";

    public override string Idea => "a thread per element inside the axis, a warp if it is the last";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [SumInside, SumAlong, MaxInside, MaxAlong];

    protected override void Run(GpuDevice device, in AxisReduceCall call)
    {
        var isSum = call.Reduction == AxisReduction.Sum;
        if (call.Inner == 1)
        {
            device.Prepare(isSum ? SumAlong : MaxAlong)
                .With(call.X).With(call.Y).With(call.Outer).With(call.Length)
                .On(new GridSize(GridCover.Blocks(call.Outer, Warps)));
            return;
        }

        var count = (long)call.Outer * call.Inner;
        device.Prepare(isSum ? SumInside : MaxInside)
            .With(call.X).With(call.Y).With(count).With(call.Length).With(call.Inner)
            .On(GridStride.Over(count));
    }

    private static void Inside<F>(ArrayView<float> x, ArrayView<float> y, long count, int length, int inner)
        where F : struct, IAxisReduction
    {
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            var outer = i / inner;
            var at = (outer * length * inner) + (i - (outer * inner));
            var all = GpuReal.Broadcast(F.Identity);
            for (var k = 0; k < length; k++)
            {
                all = F.Combine(all, GpuReal.Broadcast(x[at]));
                at += inner;
            }

            y[i] = all.Value;
        }
    }

    private static void Along<F>(ArrayView<float> x, ArrayView<float> y, int rows, int length)
        where F : struct, IAxisReduction
    {
        var row = ((long)Grid.IdxX * Warps) + WarpReduce.Warp;
        if (row >= rows)
        {
            return;
        }

        var all = GpuReal.Broadcast(F.Identity);
        for (var k = WarpReduce.Lane; k < length; k += WarpReduce.Lanes)
        {
            all = F.Combine(all, GpuReal.Broadcast(x[(row * length) + k]));
        }

        for (var mask = WarpReduce.Lanes / 2; mask > 0; mask /= 2)
        {
            all = F.Combine(all, GpuReal.Broadcast(Warp.ShuffleXor(all.Value, mask)));
        }

        if (WarpReduce.Lane == 0)
        {
            y[row] = all.Value;
        }
    }
}
