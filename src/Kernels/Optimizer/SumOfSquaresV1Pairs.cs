using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Every thread sums its squares together with what rounding drops (<see cref="CompensatedSum"/>), blocks add their
/// threads by shuffles, and one more block adds the blocks in the same way: the error does not grow with the size of
/// the model, without doubles.
/// Threads: 256 in a block, neighbours on neighbouring elements (coalesced), grid strides. Limits: squares must fit a
/// float. Bytes: 4 Count. FLOPs: 9 Count.
/// </summary>
internal sealed class SumOfSquaresV1Pairs : GpuVariant<SumOfSquaresCall>
{
    private static readonly GpuKernel Blocks =
        new(typeof(SumOfSquaresV1Pairs), nameof(SumOfBlock), GridStride.Threads);

    private static readonly GpuKernel All = new(typeof(SumOfSquaresV1Pairs), nameof(SumOfAll), GridStride.Threads);

    public override string Name => "v1-pairs";

    public override string Idea => "compensated sums per thread, block and grid, in a fixed order";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Blocks, All];

    protected override void Run(GpuDevice device, in SumOfSquaresCall call)
    {
        var grid = GridStride.Over(call.Count);
        using var partial = device.Scratch<float>(2 * grid.X);
        device.Prepare(Blocks).With(call.X).With(partial.Slice).With(call.Count).On(grid);
        device.Prepare(All).With(partial.Slice).With(call.Result).With(grid.X).On(new GridSize(1));
    }

    private static void SumOfBlock(ArrayView<float> x, ArrayView<float> partial, long count)
    {
        var sum = default(CompensatedSum);
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            sum.Add(Scalar.Multiply(x[i], x[i]));
        }

        sum = BlockReduce.Sum(sum);
        if (Group.IdxX == 0)
        {
            partial[2L * Grid.IdxX] = sum.Sum;
            partial[(2L * Grid.IdxX) + 1] = sum.Rest;
        }
    }

    private static void SumOfAll(ArrayView<float> partial, ArrayView<float> result, int blocks)
    {
        var sum = default(CompensatedSum);
        for (var i = Group.IdxX; i < blocks; i += Group.DimX)
        {
            sum.Add(new CompensatedSum { Sum = partial[2 * i], Rest = partial[(2 * i) + 1] });
        }

        sum = BlockReduce.Sum(sum);
        if (Group.IdxX == 0)
        {
            result[0] = sum.Total;
        }
    }
}
