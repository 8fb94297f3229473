using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One thread per four neighbours of a row of C; all factors are read from global memory and widened. No tensor core: what the
/// others are measured by, and the variant for rows that start anywhere.
/// Threads: 32 x 8 in a block, a warp along a row of C. Any layout by four strides. Limits: none. Bytes: 2.5 K per element of C,
/// less what the caches keep. FLOPs: 2 K per element.
/// </summary>
internal sealed class MatMulBf16V1Naive : GpuVariant<MatMulBf16Call>
{
    private const int Packs = 32;
    private const int Rows = 8;

    private static readonly GpuKernel Multiply = new(Kernel, Packs * Rows);

    public override string Name => "v1-naive";

    public override string Idea => "one thread per four elements, every factor from global memory, no tensor core";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Multiply];

    public override bool Supports(in MatMulBf16Call call, Device device, [NotNullWhen(false)] out string? reason) =>
        GridCover.FitsAcross("N", call.N, 4 * Packs, out reason);

    protected override void Run(GpuDevice device, in MatMulBf16Call call)
    {
        var sizes = call.Sizes;
        device.Prepare(Multiply)
            .With(call.A).With(call.B)
            .WithEpilogue(in call)
            .With(call.M).With(call.N).With(call.K)
            .With(call.TransposeA ? 1 : sizes.RowA).With(call.TransposeA ? sizes.RowA : 1)
            .With(call.TransposeB ? sizes.RowB : 1).With(call.TransposeB ? 1 : sizes.RowB)
            .On(new GridSize(GridCover.Blocks(call.M, Rows), GridCover.Blocks(call.N, 4 * Packs)));
    }

    private static void Kernel(
        ArrayView<BFloat16> a, ArrayView<BFloat16> b, GpuEpilogueBf16 epilogue,
        int m, int n, int k, int strideAm, int strideAk, int strideBn, int strideBk)
    {
        var row = (Grid.IdxX * Rows) + (Group.IdxX / Packs);
        var column = 4 * ((Grid.IdxY * Packs) + (Group.IdxX & (Packs - 1)));
        if (row < m && column < n)
        {
            var atA = (long)row * strideAm;
            var atB = (long)column * strideBn;

            // Beyond the last column there is nothing to read, and what is computed is not written.
            long second = column + 1 < n ? strideBn : 0, third = column + 2 < n ? 2L * strideBn : 0, fourth = column + 3 < n ? 3L * strideBn : 0;
            var sums = default(Float4);
            for (var i = 0; i < k; i++)
            {
                sums.AddScaled(
                    a[atA].ToSingle(),
                    new Float4
                    {
                        X = b[atB].ToSingle(),
                        Y = b[atB + second].ToSingle(),
                        Z = b[atB + third].ToSingle(),
                        W = b[atB + fourth].ToSingle(),
                    });
                atA += strideAk;
                atB += strideBk;
            }

            epilogue.Finish(sums, row, column, n);
        }
    }
}
