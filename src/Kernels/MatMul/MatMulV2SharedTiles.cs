using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A block computes 32 x 32 elements of C; its rows and columns are brought, 32 of K at a time, to shared memory,
/// where each is used 32 times.
/// Threads: 256, each with 4 elements of one column of C, 8 rows apart. Tiles are read along whichever index is adjacent
/// in memory; rows of 33 floats keep the transposed writes free of bank conflicts. Limits: none.
/// Bytes: 8 K / 32 per element of C. FLOPs: 2 K per element; shared loads: 5 for 4 fused multiply-adds.
/// </summary>
internal sealed class MatMulV2SharedTiles : GpuVariant<MatMulCall>
{
    private const int Tile = 32, Stride = Tile + 1, Threads = 256, Down = Threads / Tile;

    private static readonly GpuKernel[] Layouts =
        MatMulLayouts.Kernels(Kernel<KMajor, MnMajor>, Threads, unroll: 4);

    public override string Name => "v2-shared-tiles";

    public override string Idea => "32 x 32 tiles in shared memory: a 32nd of the traffic";

    public override IReadOnlyList<GpuKernel> Kernels => Layouts;

    public override bool Supports(in MatMulCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        GridCover.FitsAcross("N", call.N, Tile, out reason);

    protected override void Run(GpuDevice device, in MatMulCall call)
    {
        for (var i = 0; i < call.Count; i++)
        {
            Launch(device, call.Product(i));
        }
    }

    private static void Launch(GpuDevice device, in MatMulCall call) =>
        device.Prepare(Layouts[MatMulLayouts.IndexOf(in call)])
            .With(call.A).With(call.B)
            .WithEpilogue(in call)
            .With(call.M).With(call.N).With(call.K).With(call.RowA).With(call.RowB)
            .On(new GridSize(GridCover.Blocks(call.M, Tile), GridCover.Blocks(call.N, Tile)));

    private static void Kernel<TA, TB>(
        ArrayView<float> a, ArrayView<float> b, GpuEpilogue epilogue,
        int m, int n, int k, int rowA, int rowB)
        where TA : struct, IOperandLayout
        where TB : struct, IOperandLayout
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

        for (var k0 = 0; k0 < k; k0 += Tile)
        {
            Stage<TA>(tileA, a, rowA, row, m, k0, k, x, y);
            Stage<TB>(tileB, b, rowB, column, n, k0, k, x, y);
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

    /// <summary>Brings 32 kEnd of 32 rows of op(A) or columns of op(B), k by k; zeros beyond the edges.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Stage<T>(
        ArrayView<float> tile, ArrayView<float> factor, int stride, int mn, int mnEnd, int k0, int kEnd, int x, int y)
        where T : struct, IOperandLayout
    {
        for (var i = y; i < Tile; i += Down)
        {
            if (T.IsKMajor)
            {
                var isInside = mn + i < mnEnd && k0 + x < kEnd;
                tile[(x * Stride) + i] = isInside ? factor[((long)(mn + i) * stride) + k0 + x] : 0f;
            }
            else
            {
                var isInside = k0 + i < kEnd && mn + x < mnEnd;
                tile[(i * Stride) + x] = isInside ? factor[((long)(k0 + i) * stride) + mn + x] : 0f;
            }
        }
    }
}
