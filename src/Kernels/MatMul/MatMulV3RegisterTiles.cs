using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// A block computes 64 x 64 elements of C, a thread 8 x 8 of them in registers: for one term it reads 16 floats from
/// shared memory, in four accesses, and does 64 fused multiply-adds with them. While a tile of 8 terms is being used, the
/// next one is on its way from global memory to registers and then to the other half of shared memory, so there is one
/// barrier for 512 multiply-adds. A small C with long sums is cut along the sums too (<see cref="MatMulSplit"/>).
/// Threads: 64 as 8 x 8; a thread owns rows 4 y.. and 32 + 4 y.., columns 4 x.. and 32 + 4 x.., so that the eight lanes that
/// are served together read adjacent packs of B and one pack of A. Limits: none; rows that do not start at multiples of
/// 16 bytes are read float by float. Shared memory: 17 KiB. Bytes: 8 K / 64 per element of C. FLOPs: 2 K per element.
/// </summary>
internal sealed class MatMulV3RegisterTiles : GpuVariant<MatMulCall>
{
    private const int Tile = 64;
    private const int Half = Tile / 2;
    private const int Terms = MatMulStaging.Terms;
    private const int Threads = 64;
    private const int Across = 8;

    /// <summary>Packs in a row of shared memory: one more than used shifts the banks from row to row.</summary>
    private const int RowPacks = (Tile / 4) + 1;

    /// <summary>Floats of a tile of one factor in shared memory.</summary>
    private const int Buffer = Terms * RowPacks * 4;

    private static readonly GpuKernel[] Layouts = MatMulLayouts.Kernels(Kernel<TermsAdjacent, ItemsAdjacent>, Threads);

    public override string Name => "v3-register-tiles";

    public override string Idea => "8 x 8 sums a thread in registers, packs of four, double buffering, long sums in runs";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [.. Layouts, MatMulSplit.AddRuns];

    public override bool Supports(in MatMulCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        GridCover.FitsAcross("N", call.N, Tile, out reason);

    protected override void Run(GpuDevice device, in MatMulCall call) =>
        new MatMulSplit(in call, Tile, Terms).Launch(device, in call, Layouts[MatMulLayouts.IndexOf(in call)]);

    /// <summary>Blocks that the call would take.</summary>
    public static long BlocksFor(in MatMulCall call) =>
        (long)GridCover.Blocks(call.M, Tile) * GridCover.Blocks(call.N, Tile) * new MatMulSplit(in call, Tile, Terms).Runs;

    private static void Kernel<TA, TB>(
        ArrayView<float> a, ArrayView<float> b,
        ArrayView<float> c, ArrayView<float> bias, ArrayView<float> pre, ArrayView<float> residual, int stride, int flags,
        int m, int n, int k, int rowA, int rowB, int aligned, int termsOfRun)
        where TA : struct, IMatMulFactor
        where TB : struct, IMatMulFactor
    {
        // Tiles of A and B, and the same again; at the end, the tile of C, which takes twice that.
        var shared = SharedMemory.Allocate<float>(Tile * RowPacks * 4).AsAligned(16);
        var across = Group.IdxX & (Across - 1);
        var down = Group.IdxX / Across;
        var stagingA = new MatMulStaging(new MatMulFactor(a, rowA, Grid.IdxX * Tile, m, (aligned & 1) != 0));
        var stagingB = new MatMulStaging(new MatMulFactor(b, rowB, Grid.IdxY * Tile, n, (aligned & 2) != 0));
        var begin = Grid.IdxZ * termsOfRun;
        var end = begin + termsOfRun < k ? begin + termsOfRun : k;

        var sums = default(RegisterTile8x8);
        var current = 0;
        stagingA.Fetch<TA>(begin, end).Store<TA>(shared, 0);
        stagingB.Fetch<TB>(begin, end).Store<TB>(shared, Buffer);
        Group.Barrier();
        for (var term = begin; term < end; term += Terms)
        {
            // Beyond the last tile these are zeros that nobody asks for.
            var nextA = stagingA.Fetch<TA>(term + Terms, end);
            var nextB = stagingB.Fetch<TB>(term + Terms, end);
            MultiplyTile(ref sums, shared, current, down, across);
            current = (2 * Buffer) - current;
            nextA.Store<TA>(shared, current);
            nextB.Store<TB>(shared, current + Buffer);
            Group.Barrier();
        }

        StoreRows(sums.Top, shared, down * 4, across);
        StoreRows(sums.Bottom, shared, Half + (down * 4), across);
        Group.Barrier();
        Finish(shared.Cast<Float4>(), new GpuEpilogue(c.SubView((long)Grid.IdxZ * m * n), bias, pre, residual, stride, flags), m, n);
    }

    /// <summary>Eight terms, written out: the tile may not be carried around a loop for each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyTile(ref RegisterTile8x8 sums, ArrayView<float> shared, int buffer, int down, int across)
    {
        var packs = shared.Cast<Float4>();
        var a = (buffer / 4) + down;
        var b = ((buffer + Buffer) / 4) + across;
        MultiplyTerm(ref sums, packs, a, b);
        MultiplyTerm(ref sums, packs, a + RowPacks, b + RowPacks);
        MultiplyTerm(ref sums, packs, a + (2 * RowPacks), b + (2 * RowPacks));
        MultiplyTerm(ref sums, packs, a + (3 * RowPacks), b + (3 * RowPacks));
        MultiplyTerm(ref sums, packs, a + (4 * RowPacks), b + (4 * RowPacks));
        MultiplyTerm(ref sums, packs, a + (5 * RowPacks), b + (5 * RowPacks));
        MultiplyTerm(ref sums, packs, a + (6 * RowPacks), b + (6 * RowPacks));
        MultiplyTerm(ref sums, packs, a + (7 * RowPacks), b + (7 * RowPacks));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyTerm(ref RegisterTile8x8 sums, ArrayView<Float4> packs, int a, int b) =>
        sums.AddOuter(packs[a], packs[a + (Half / 4)], packs[b], packs[b + (Half / 4)]);

    /// <summary>The tile of C goes through shared memory, so that whole rows are written and the epilogue is one loop.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(ArrayView<Float4> tile, GpuEpilogue epilogue, int m, int n)
    {
        var pack = Group.IdxX & ((Tile / 4) - 1);
        var column = (Grid.IdxY * Tile) + (4 * pack);
        for (var i = Group.IdxX / (Tile / 4); i < Tile; i += Threads / (Tile / 4))
        {
            var row = (Grid.IdxX * Tile) + i;
            if (row < m && column < n)
            {
                epilogue.FinishPack(tile[(i * RowPacks) + pack], row, column, n - column);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRows(HalfTile4x8 sums, ArrayView<float> shared, int row, int across)
    {
        var packs = shared.Cast<Float4>();
        var at = (row * RowPacks) + across;
        StoreRow(packs, at, sums.Left0, sums.Right0);
        StoreRow(packs, at + RowPacks, sums.Left1, sums.Right1);
        StoreRow(packs, at + (2 * RowPacks), sums.Left2, sums.Right2);
        StoreRow(packs, at + (3 * RowPacks), sums.Left3, sums.Right3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRow(ArrayView<Float4> packs, int at, Float4 left, Float4 right)
    {
        packs[at] = left;
        packs[at + (Half / 4)] = right;
    }
}
