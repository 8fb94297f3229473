using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Every thread sums its squares in three ranges of size, each scaled so that no square of it overflows or vanishes, and
/// each together with what rounding drops (<see cref="CompensatedSum"/>); blocks add their threads by shuffles, and one
/// more block adds the blocks in the same way: the error does not grow with the size of the model, without doubles.
/// Threads: 256 in a block, neighbours on neighbouring elements (coalesced), grid strides. Limits: Count up to 2^33.
/// Bytes: 4 Count. FLOPs: 10 Count.
/// </summary>
internal sealed class NormV1Ranges : GpuVariant<NormCall>
{
    // Sizes of large, medium and small numbers, and the powers of two that bring their squares near 1: up to 2^33
    // squares of a range sum to less than 2^128, and none of them is below 2^-128.
    private const long MaxCount = 1L << 33;
    private const float Large = 1.40737488e14f;
    private const float Small = 9.09494702e-13f;
    private const float LargeFactor = 4.13590306e-25f;
    private const float SmallFactor = 3.86856262e25f;

    private static readonly GpuKernel Blocks = new(SumsOfBlock, GridStride.Threads);

    private static readonly GpuKernel All = new(NormOfAll, GridStride.Threads);

    public override string Name => "v1-ranges";

    public override string Idea => "three ranges of size, compensated sums per thread, block and grid, in a fixed order";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Blocks, All];

    public override bool Supports(in NormCall call, Device device, [NotNullWhen(false)] out string? reason)
    {
        reason = call.Count <= MaxCount ? null : $"{call.Count} elements, it sums the squares of at most {MaxCount}";
        return reason is null;
    }

    protected override void Run(GpuDevice device, in NormCall call)
    {
        var grid = GridStride.Over(call.Count);
        using var partial = device.Scratch<float>(6 * grid.X);
        device.Prepare(Blocks).With(call.X).With(partial.Slice).With(call.Count).On(grid);
        device.Prepare(All).With(partial.Slice).With(call.Result).With(grid.X).On(new GridSize(1));
    }

    private static void SumsOfBlock(ArrayView<float> x, ArrayView<float> partial, long count)
    {
        var large = default(CompensatedSum);
        var medium = default(CompensatedSum);
        var small = default(CompensatedSum);
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            // NaN is neither large nor small, so it goes into the medium sum and stays there.
            var size = x[i] < 0 ? -x[i] : x[i];
            var isLarge = Scalar.IsLess(Large, size);
            var isSmall = Scalar.IsLess(size, Small);
            var scaled = x[i] * (isLarge ? LargeFactor : isSmall ? SmallFactor : 1f);
            var square = scaled * scaled;
            large.Add(isLarge ? square : 0f);
            medium.Add(isLarge || isSmall ? 0f : square);
            small.Add(isSmall ? square : 0f);
        }

        large = BlockReduce.Sum(large);
        medium = BlockReduce.Sum(medium);
        small = BlockReduce.Sum(small);
        if (Group.IdxX == 0)
        {
            Store(partial, Grid.IdxX, 0, large);
            Store(partial, Grid.IdxX, 1, medium);
            Store(partial, Grid.IdxX, 2, small);
        }
    }

    private static void NormOfAll(ArrayView<float> partial, ArrayView<float> result, int blocks)
    {
        var large = Fold(partial, blocks, 0);
        var medium = Fold(partial, blocks, 1);
        var small = Fold(partial, blocks, 2);
        if (Group.IdxX != 0)
        {
            return;
        }

        // The next smaller range is added in the units of the larger one; the smallest is nothing beside the largest.
        if (large != 0)
        {
            var sum = large + (medium * LargeFactor * LargeFactor);
            result[0] = Scalar.Sqrt(sum) / LargeFactor;
        }
        else if (medium != 0)
        {
            var sum = medium + (small / SmallFactor / SmallFactor);
            result[0] = Scalar.Sqrt(sum);
        }
        else
        {
            result[0] = Scalar.Sqrt(small) / SmallFactor;
        }
    }

    private static float Fold(ArrayView<float> partial, int blocks, int range)
    {
        var sum = default(CompensatedSum);
        for (var i = Group.IdxX; i < blocks; i += Group.DimX)
        {
            var at = 2 * ((3L * i) + range);
            sum.Add(new CompensatedSum { Sum = partial[at], Rest = partial[at + 1] });
        }

        return BlockReduce.Sum(sum).Total;
    }

    private static void Store(ArrayView<float> partial, int block, int range, CompensatedSum sum)
    {
        var at = 2 * ((3L * block) + range);
        partial[at] = sum.Sum;
        partial[at + 1] = sum.Rest;
    }
}
