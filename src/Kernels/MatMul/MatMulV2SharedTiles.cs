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
    private const int Tile = 32, Stride = Tile + 1, Threads = 256, Down = Threads / Tile;

    private static readonly GpuKernel[] Layouts =
        MatMulLayouts.Kernels(Kernel<TermsAdjacent, ItemsAdjacent>, Threads, unroll: 4);

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
        ArrayView<float> a, ArrayView<float> b, GpuEpilogue epilogue,
        int m, int n, int k, int rowA, int rowB)
        where TA : struct, IMatMulFactor
        where TB : struct, IMatMulFactor
    {
        var tileA = SharedMemory.Allocate<float>(Tile * Stride);
        var tileB = SharedMemory.Allocate<float>(Tile * Stride);
        int x = Group.IdxX & (Tile - 1), y = Group.IdxX / Tile;
        int row = Grid.IdxX * Tile, column = Grid.IdxY * Tile;
        var acc = new float[4];
        for (var i = 0; i < 4; i++)
        {
            acc[i] = 0f;
        }

        for (var term = 0; term < k; term += Tile)
        {
            Stage<TA>(tileA, a, rowA, row, m, term, k, x, y);
            Stage<TB>(tileB, b, rowB, column, n, term, k, x, y);
            Group.Barrier();
            for (var t = 0; t < Tile; t++)
            {
                var q = tileB[(t * Stride) + x];
                for (var i = 0; i < 4; i++)
                {
                    acc[i] = Scalar.Fma(tileA[(t * Stride) + y + (i * Down)], q, acc[i]);
                }
            }

            Group.Barrier();
        }

        // Every thread takes its own four sums back, one a turn: the epilogue is long code.
        for (var i = 0; i < 4; i++)
        {
            tileA[((y + (i * Down)) * Stride) + x] = acc[i];
        }

        for (var i = y; i < Tile; i += Down)
        {
            if (row + i < m && column + x < n)
            {
                epilogue.Finish(tileA[(i * Stride) + x], row + i, column + x);
            }
        }
    }

    /// <summary>Brings 32 terms of 32 items (rows of op(A), columns of op(B)), term by term; zeros beyond the edges.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Stage<T>(
        ArrayView<float> tile, ArrayView<float> factor, int stride, int item, int items, int term, int terms, int x, int y)
        where T : struct, IMatMulFactor
    {
        for (var i = y; i < Tile; i += Down)
        {
            if (T.TermsAreAdjacent)
            {
                var isInside = item + i < items && term + x < terms;
                tile[(x * Stride) + i] = isInside ? factor[((long)(item + i) * stride) + term + x] : 0f;
            }
            else
            {
                var isInside = term + i < terms && item + x < items;
                tile[(i * Stride) + x] = isInside ? factor[((long)(term + i) * stride) + item + x] : 0f;
            }
        }
    }
}
