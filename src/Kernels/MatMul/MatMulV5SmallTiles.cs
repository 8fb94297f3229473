using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// For a C so small that 64 x 64 tiles leave most of a card idle: a block computes 32 x 32 elements, so there are four times as
/// many blocks, and many threads share each, because where every multiprocessor has one block only, its warps alone hide what
/// they wait for. 32 terms are fetched at once and used while the next 32 are on their way; terms are added in ascending order,
/// as <see cref="MatMulV3RegisterTiles"/> does.
/// Threads: 256 as 16 x 16; a thread owns rows 2 y, 2 y + 1 and columns 2 x, 2 x + 1, and brings one pack of each factor.
/// Limits: C, cut along its sums as <see cref="MatMulSplit"/> would, has fewer than 512 tiles of 64 x 64. Shared memory: 18 KiB.
/// Bytes: 8 K / 32 per element of C. FLOPs: 2 K per element; two pairs of shared memory for 4 multiply-adds.
/// </summary>
internal sealed class MatMulV5SmallTiles : GpuVariant<MatMulCall>
{
    private const int Tile = 32;
    private const int Terms = 32;
    private const int Threads = 256;
    private const int Across = 16;

    /// <summary>From here on blocks of 64 x 64 keep a large card busy, and use what they read twice as often.</summary>
    private const int LargeTiles = 512;

    /// <summary>Packs in a row of shared memory, a term: one more than used shifts the banks from row to row.</summary>
    private const int RowPacks = (Tile / 4) + 1;

    private const int Row = RowPacks * 4;

    /// <summary>Floats of a tile of one factor in shared memory.</summary>
    private const int Buffer = Terms * Row;

    private static readonly GpuKernel[] Layouts = MatMulLayouts.Kernels(Kernel<TermsAdjacent, ItemsAdjacent>, Threads);

    public override string Name => "v5-small-tiles";

    public override string Idea => "32 x 32 tiles of 256 threads, 32 terms at once, for results too small to fill a card with larger ones";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [.. Layouts, MatMulSplit.AddRuns];

    public override bool Supports(in MatMulCall call, Device device, [NotNullWhen(false)] out string? reason)
    {
        var tiles = MatMulV3RegisterTiles.BlocksFor(in call);
        reason = tiles < LargeTiles ? null : $"C has {tiles} tiles of 64 x 64, it is for fewer than {LargeTiles}";
        return reason is null;
    }

    protected override void Run(GpuDevice device, in MatMulCall call) =>
        new MatMulSplit(in call, Tile, Terms).Launch(device, in call, Layouts[MatMulLayouts.IndexOf(in call)]);

    private static void Kernel<TA, TB>(
        ArrayView<float> a, ArrayView<float> b,
        ArrayView<float> c, ArrayView<float> bias, ArrayView<float> pre, ArrayView<float> residual, int stride, int flags,
        int m, int n, int k, int rowA, int rowB, int aligned, int termsOfRun)
        where TA : struct, IMatMulFactor
        where TB : struct, IMatMulFactor
    {
        // Tiles of A and B, and the same again; at the end, the tile of C.
        var shared = SharedMemory.Allocate<float>(4 * Buffer).AsAligned(16);
        var pairs = shared.Cast<Float2>();
        var across = Group.IdxX & (Across - 1);
        var down = Group.IdxX / Across;
        var left = new MatMulFactor(a, rowA, Grid.IdxX * Tile, m, (aligned & 1) != 0);
        var right = new MatMulFactor(b, rowB, Grid.IdxY * Tile, n, (aligned & 2) != 0);
        var begin = Grid.IdxZ * termsOfRun;
        var end = begin + termsOfRun < k ? begin + termsOfRun : k;

        var sums = default(Sums);
        var current = 0;
        Staging.Store<TA>(shared, 0, Staging.Fetch<TA>(left, begin, end));
        Staging.Store<TB>(shared, Buffer, Staging.Fetch<TB>(right, begin, end));
        Group.Barrier();
        for (var term = begin; term < end; term += Terms)
        {
            // Beyond the last tile these are zeros that nobody asks for.
            var nextA = Staging.Fetch<TA>(left, term + Terms, end);
            var nextB = Staging.Fetch<TB>(right, term + Terms, end);
            for (var i = 0; i < Terms; i += 8)
            {
                sums.AddEight(pairs, ((current + (i * Row)) / 2) + down, ((current + Buffer + (i * Row)) / 2) + across);
            }

            current = (2 * Buffer) - current;
            Staging.Store<TA>(shared, current, nextA);
            Staging.Store<TB>(shared, current + Buffer, nextB);
            Group.Barrier();
        }

        sums.Store(pairs, (down * Row) + across);
        Group.Barrier();
        Finish(shared.Cast<Float4>(), new GpuEpilogue(c.SubView((long)Grid.IdxZ * m * n), bias, pre, residual, stride, flags), m, n);
    }

    /// <summary>Rows of the tile of C as packs, one a thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(ArrayView<Float4> tile, GpuEpilogue epilogue, int m, int n)
    {
        var pack = Group.IdxX & ((Tile / 4) - 1);
        var rowOfTile = Group.IdxX / (Tile / 4);
        var row = (Grid.IdxX * Tile) + rowOfTile;
        var column = (Grid.IdxY * Tile) + (4 * pack);
        if (row < m && column < n)
        {
            epilogue.FinishPack(tile[(rowOfTile * RowPacks) + pack], row, column, n - column);
        }
    }

    /// <summary>2 x 2 sums of one thread, a pair for each row.</summary>
    private struct Sums
    {
        private Float2 _upper;
        private Float2 _lower;

        /// <summary>Adds eight terms, written out, from the pairs of A and B of the first.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void AddEight(ArrayView<Float2> pairs, int a, int b)
        {
            Add(pairs[a], pairs[b]);
            Add(pairs[a + (Row / 2)], pairs[b + (Row / 2)]);
            Add(pairs[a + Row], pairs[b + Row]);
            Add(pairs[a + (3 * Row / 2)], pairs[b + (3 * Row / 2)]);
            Add(pairs[a + (2 * Row)], pairs[b + (2 * Row)]);
            Add(pairs[a + (5 * Row / 2)], pairs[b + (5 * Row / 2)]);
            Add(pairs[a + (3 * Row)], pairs[b + (3 * Row)]);
            Add(pairs[a + (7 * Row / 2)], pairs[b + (7 * Row / 2)]);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(ArrayView<Float2> pairs, int at)
        {
            pairs[at] = _upper;
            pairs[at + (Row / 2)] = _lower;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Add(Float2 column, Float2 row)
        {
            _upper.X = Scalar.Fma(column.X, row.X, _upper.X);
            _upper.Y = Scalar.Fma(column.X, row.Y, _upper.Y);
            _lower.X = Scalar.Fma(column.Y, row.X, _lower.X);
            _lower.Y = Scalar.Fma(column.Y, row.Y, _lower.Y);
        }
    }

    /// <summary>
    /// A factor's way from global to shared memory in tiles of 32 items by 32 terms, a pack for each thread. In shared memory the
    /// items of a term are adjacent.
    /// </summary>
    private static class Staging
    {
        // Pairs of threads read 32 bytes of an item, which is what memory delivers at least, and a warp writes 16 items of two
        // packs: all 32 banks. The four pairs of warps take two packs of terms each.
        private static int ItemOfTerms => (Group.IdxX / 2) & (Tile - 1);

        private static int PackOfTerms => (Group.IdxX & 1) + (Group.IdxX / (2 * Tile) * 2);

        private static int PackOfItems => Group.IdxX & ((Tile / 4) - 1);

        private static int TermOfItems => Group.IdxX / (Tile / 4);

        /// <summary>This thread's pack of the tile that starts at a term; zeros beyond the edges.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Float4 Fetch<T>(MatMulFactor factor, int term, int end) where T : struct, IMatMulFactor => T.TermsAreAdjacent
            ? factor.Load<T>(ItemOfTerms, term + (4 * PackOfTerms), end)
            : factor.Load<T>(4 * PackOfItems, term + TermOfItems, end);

        /// <summary>Puts the pack into the tile that starts at a float of shared memory.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store<T>(ArrayView<float> shared, int tile, Float4 pack) where T : struct, IMatMulFactor
        {
            if (T.TermsAreAdjacent)
            {
                tile += (4 * PackOfTerms * Row) + ItemOfTerms;
                shared[tile] = pack.X;
                shared[tile + Row] = pack.Y;
                shared[tile + (2 * Row)] = pack.Z;
                shared[tile + (3 * Row)] = pack.W;
            }
            else
            {
                shared.Cast<Float4>()[(tile / 4) + (TermOfItems * RowPacks) + PackOfItems] = pack;
            }
        }
    }
}
