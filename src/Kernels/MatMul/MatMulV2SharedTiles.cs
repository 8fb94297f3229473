using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A block computes 32 x 32 elements of C; 32 terms of its rows and columns at a time are brought to shared memory,
/// where each is used 32 times.
/// Threads: 256, each with 4 elements of one column of C, 8 rows apart. Tiles are read along whichever index is adjacent
/// in memory; rows of 33 floats keep the transposed writes free of bank conflicts. Limits: none.
/// Bytes: 8 K / 32 per element of C. FLOPs: 2 K per element; shared loads: 5 for 4 fused multiply-adds.
/// </summary>
internal sealed class MatMulV2SharedTiles : GpuVariant<MatMulCall>
{
    private const int Tile = 32;
    private const int RowOfTile = Tile + 1;
    private const int Threads = 256;
    private const int RowsAtOnce = Threads / Tile;

    private static readonly GpuKernel[] Layouts = MatMulLayouts.Kernels(Kernel<TermsAdjacent, ItemsAdjacent>, Threads);

    public override string Name => "v2-shared-tiles";

    public override string Idea => "32 x 32 tiles in shared memory: a 32nd of the traffic";

    public override IReadOnlyList<GpuKernel> Kernels => Layouts;

    public override bool Supports(in MatMulCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        GridCover.FitsAcross("N", call.N, Tile, out reason);

    protected override void Run(GpuDevice device, in MatMulCall call) =>
        device.Prepare(Layouts[MatMulLayouts.IndexOf(in call)])
            .With(call.A).With(call.B)
            .WithEpilogue(in call)
            .With(call.M).With(call.N).With(call.K).With(call.RowA).With(call.RowB)
            .On(new GridSize(GridCover.Blocks(call.M, Tile), GridCover.Blocks(call.N, Tile)));

    private static void Kernel<TA, TB>(
        ArrayView<float> a, ArrayView<float> b,
        ArrayView<float> c, ArrayView<float> bias, ArrayView<float> pre, ArrayView<float> residual, int stride, int flags,
        int m, int n, int k, int rowA, int rowB)
        where TA : struct, IMatMulFactor
        where TB : struct, IMatMulFactor
    {
        var tileA = SharedMemory.Allocate<float>(Tile * RowOfTile);
        var tileB = SharedMemory.Allocate<float>(Tile * RowOfTile);
        var lane = Group.IdxX & (Tile - 1);
        var first = Group.IdxX / Tile;
        var row = Grid.IdxX * Tile;
        var column = Grid.IdxY * Tile;
        var sums = default(Float4);
        for (var term = 0; term < k; term += Tile)
        {
            Stage<TA>(tileA, a, rowA, row, m, term, k, lane, first);
            Stage<TB>(tileB, b, rowB, column, n, term, k, lane, first);
            Group.Barrier();
            for (var i = 0; i < Tile; i++)
            {
                var at = (i * RowOfTile) + first;
                var factor = tileB[(i * RowOfTile) + lane];
                sums.X = Scalar.Fma(tileA[at], factor, sums.X);
                sums.Y = Scalar.Fma(tileA[at + RowsAtOnce], factor, sums.Y);
                sums.Z = Scalar.Fma(tileA[at + (2 * RowsAtOnce)], factor, sums.Z);
                sums.W = Scalar.Fma(tileA[at + (3 * RowsAtOnce)], factor, sums.W);
            }

            Group.Barrier();
        }

        // Every thread takes its own four sums back, one a turn.
        var own = (first * RowOfTile) + lane;
        tileA[own] = sums.X;
        tileA[own + (RowsAtOnce * RowOfTile)] = sums.Y;
        tileA[own + (2 * RowsAtOnce * RowOfTile)] = sums.Z;
        tileA[own + (3 * RowsAtOnce * RowOfTile)] = sums.W;
        var epilogue = new GpuEpilogue(c, bias, pre, residual, stride, flags);
        for (var i = first; i < Tile; i += RowsAtOnce)
        {
            if (row + i < m && column + lane < n)
            {
                epilogue.Finish(tileA[(i * RowOfTile) + lane], row + i, column + lane);
            }
        }
    }

    /// <summary>Brings 32 terms of 32 items (rows of op(A), columns of op(B)), term by term; zeros beyond the edges.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Stage<T>(
        ArrayView<float> tile, ArrayView<float> x, int stride, int item, int items, int term, int terms, int lane, int first)
        where T : struct, IMatMulFactor
    {
        for (var i = first; i < Tile; i += RowsAtOnce)
        {
            if (T.TermsAreAdjacent)
            {
                var isInside = item + i < items && term + lane < terms;
                tile[(lane * RowOfTile) + i] = isInside ? x[((long)(item + i) * stride) + term + lane] : 0f;
            }
            else
            {
                var isInside = term + i < terms && item + lane < items;
                tile[(i * RowOfTile) + lane] = isInside ? x[((long)(term + i) * stride) + item + lane] : 0f;
            }
        }
    }
}
