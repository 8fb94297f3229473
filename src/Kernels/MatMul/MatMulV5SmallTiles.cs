using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// For a C so small that 64 x 64 tiles leave most of a card idle: a block computes 32 x 32 elements, so there are four times as
/// many blocks, and each has a quarter of the work for its threads. 32 terms are fetched at once, because few warps share a
/// scheduler and each has to hide its own wait for memory: four independent packs of each factor are on their way while 512
/// multiply-adds use the tile before. Terms are added in ascending order, as <see cref="MatMulV3RegisterTiles"/> does.
/// Threads: 64 as 8 x 8; a thread owns rows 4 y.. and columns 4 x... Limits: C has fewer than 512 tiles of 64 x 64. Shared
/// memory: 18 KiB. Bytes: 8 K / 32 per element of C. FLOPs: 2 K per element; two packs of shared memory for 16 multiply-adds.
/// </summary>
internal sealed class MatMulV5SmallTiles : GpuVariant<MatMulCall>
{
    private const int Tile = 32;
    private const int Terms = 32;
    private const int Threads = 64;
    private const int Across = 8;

    /// <summary>From here on blocks of 64 x 64 keep a large card busy, and use what they read twice as often.</summary>
    private const int LargeTiles = 512;

    /// <summary>Packs in a row of shared memory, a term: one more than used shifts the banks from row to row.</summary>
    private const int RowPacks = (Tile / 4) + 1;

    private const int Row = RowPacks * 4;

    /// <summary>Floats of a tile of one factor in shared memory.</summary>
    private const int Buffer = Terms * Row;

    private static readonly GpuKernel[] Layouts = MatMulLayouts.Kernels(typeof(MatMulV5SmallTiles), nameof(Kernel), Threads);

    public override string Name => "v5-small-tiles";

    public override string Idea => "32 x 32 tiles and 32 terms at once, for results too small to fill a card with larger ones";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [.. Layouts, MatMulSplit.AddRuns];

    public override bool Supports(in MatMulCall call, Device device, [NotNullWhen(false)] out string? reason)
    {
        var tiles = (long)GridSize.Cover(call.M, 2 * Tile) * GridSize.Cover(call.N, 2 * Tile);
        reason = tiles < LargeTiles ? null : $"C has {tiles} tiles of {2 * Tile} x {2 * Tile}, it is for fewer than {LargeTiles}";
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
        var packs = shared.Cast<Float4>();
        var across = Group.IdxX & (Across - 1);
        var down = Group.IdxX / Across;
        var left = new Factor(a, rowA, Grid.IdxX * Tile, m, (aligned & 1) != 0);
        var right = new Factor(b, rowB, Grid.IdxY * Tile, n, (aligned & 2) != 0);
        var begin = Grid.IdxZ * termsOfRun;
        var end = begin + termsOfRun < k ? begin + termsOfRun : k;

        var sums = default(Sums);
        var current = 0;
        left.Fetch<TA>(begin, end).Store<TA>(shared, 0);
        right.Fetch<TB>(begin, end).Store<TB>(shared, Buffer);
        Group.Barrier();
        for (var term = begin; term < end; term += Terms)
        {
            // Beyond the last tile these are zeros that nobody asks for.
            var nextA = left.Fetch<TA>(term + Terms, end);
            var nextB = right.Fetch<TB>(term + Terms, end);
            for (var i = 0; i < Terms; i += 8)
            {
                sums.AddEight(packs, (current / 4) + (i * RowPacks) + down, ((current + Buffer) / 4) + (i * RowPacks) + across);
            }

            current = (2 * Buffer) - current;
            nextA.Store<TA>(shared, current);
            nextB.Store<TB>(shared, current + Buffer);
            Group.Barrier();
        }

        sums.Store(packs, (4 * down * RowPacks) + across);
        Group.Barrier();
        Finish(packs, new GpuEpilogue(c.SubView((long)Grid.IdxZ * m * n), bias, pre, residual, stride, flags), m, n);
    }

    /// <summary>Rows of the tile of C as packs, eight rows at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(ArrayView<Float4> tile, GpuEpilogue epilogue, int m, int n)
    {
        var pack = Group.IdxX & (Across - 1);
        var column = (Grid.IdxY * Tile) + (4 * pack);
        for (var i = Group.IdxX / Across; i < Tile; i += Threads / Across)
        {
            var row = (Grid.IdxX * Tile) + i;
            if (row < m && column < n)
            {
                epilogue.FinishPack(tile[(i * RowPacks) + pack], row, column, n - column);
            }
        }
    }

    /// <summary>4 x 4 sums of one thread, a pack for each row.</summary>
    private struct Sums
    {
        public Float4 Row0;
        public Float4 Row1;
        public Float4 Row2;
        public Float4 Row3;

        /// <summary>Adds eight terms, written out, from the packs of A and B of the first.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void AddEight(ArrayView<Float4> packs, int a, int b)
        {
            Add(packs[a], packs[b]);
            Add(packs[a + RowPacks], packs[b + RowPacks]);
            Add(packs[a + (2 * RowPacks)], packs[b + (2 * RowPacks)]);
            Add(packs[a + (3 * RowPacks)], packs[b + (3 * RowPacks)]);
            Add(packs[a + (4 * RowPacks)], packs[b + (4 * RowPacks)]);
            Add(packs[a + (5 * RowPacks)], packs[b + (5 * RowPacks)]);
            Add(packs[a + (6 * RowPacks)], packs[b + (6 * RowPacks)]);
            Add(packs[a + (7 * RowPacks)], packs[b + (7 * RowPacks)]);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(ArrayView<Float4> packs, int at)
        {
            packs[at] = Row0;
            packs[at + RowPacks] = Row1;
            packs[at + (2 * RowPacks)] = Row2;
            packs[at + (3 * RowPacks)] = Row3;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Add(Float4 column, Float4 row)
        {
            Row0.AddScaled(column.X, row);
            Row1.AddScaled(column.Y, row);
            Row2.AddScaled(column.Z, row);
            Row3.AddScaled(column.W, row);
        }
    }

    /// <summary>One factor, on its way from global to shared memory in tiles of 32 items by 32 terms.</summary>
    private readonly struct Factor
    {
        private readonly ArrayView<float> _x;
        private readonly int _stride;
        private readonly int _item;
        private readonly int _items;
        private readonly bool _isAligned;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Factor(ArrayView<float> x, int stride, int item, int items, bool isAligned)
        {
            _x = x;
            _stride = stride;
            _item = item;
            _items = items;
            _isAligned = isAligned;
        }

        /// <summary>This thread's four packs of the tile that starts at a term; zeros beyond the edges.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Packs Fetch<T>(int term, int end) where T : struct, IMatMulFactor => new()
        {
            First = Pack<T>(term, end),
            Second = Pack<T>(term + 8, end),
            Third = Pack<T>(term + 16, end),
            Fourth = Pack<T>(term + 24, end),
        };

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Float4 Pack<T>(int term, int end) where T : struct, IMatMulFactor
        {
            if (T.TermsAreAdjacent)
            {
                // A pair of threads reads 32 bytes of an item, which is what memory delivers at least.
                var item = _item + (Group.IdxX / 2);
                term += 4 * (Group.IdxX & 1);
                return Load(item, term, item < _items ? end - term : 0);
            }
            else
            {
                var item = _item + (4 * (Group.IdxX & (Across - 1)));
                term += Group.IdxX / Across;
                return Load(term, item, term < end ? _items - item : 0);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Float4 Load(int row, int column, int count) =>
            GlobalMemory.LoadUpTo4(_x, ((long)row * _stride) + column, count, _isAligned);
    }

    /// <summary>What a thread carries of one tile: a pack for every eight terms.</summary>
    private struct Packs
    {
        public Float4 First;
        public Float4 Second;
        public Float4 Third;
        public Float4 Fourth;

        /// <summary>Puts it into the tile that starts at a float of shared memory.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store<T>(ArrayView<float> shared, int tile) where T : struct, IMatMulFactor
        {
            Store<T>(shared, tile, First);
            Store<T>(shared, tile + (8 * Row), Second);
            Store<T>(shared, tile + (16 * Row), Third);
            Store<T>(shared, tile + (24 * Row), Fourth);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Store<T>(ArrayView<float> shared, int at, Float4 pack) where T : struct, IMatMulFactor
        {
            if (T.TermsAreAdjacent)
            {
                at += (4 * (Group.IdxX & 1) * Row) + (Group.IdxX / 2);
                shared[at] = pack.X;
                shared[at + Row] = pack.Y;
                shared[at + (2 * Row)] = pack.Z;
                shared[at + (3 * Row)] = pack.W;
            }
            else
            {
                shared.Cast<Float4>()[(at / 4) + (Group.IdxX / Across * RowPacks) + (Group.IdxX & (Across - 1))] = pack;
            }
        }
    }
}
