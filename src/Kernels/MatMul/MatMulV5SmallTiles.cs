using System.Diagnostics.CodeAnalysis;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// For a C so small that 64 x 64 tiles leave most of a card idle: a block computes 32 x 32 elements, so there are four times as
/// many blocks, and many threads share each, because where every multiprocessor has one block only, its warps alone hide what
/// they wait for. 32 of K are fetched at once and used while the next 32 are on their way; products are added in ascending order,
/// as <see cref="MatMulV3RegisterTiles"/> does.
/// Threads: 256 as 16 x 16; a thread owns rows 2 y, 2 y + 1 and columns 2 x, 2 x + 1, and brings one pack of each factor.
/// Limits: C, split along K as <see cref="MatMulSplitK"/> would, has fewer than 512 tiles of 64 x 64. Shared memory: 18 KiB.
/// Bytes: 8 K / 32 per element of C. FLOPs: 2 K per element; two pairs of shared memory for 4 multiply-adds.
/// </summary>
internal sealed class MatMulV5SmallTiles : GpuVariant<MatMulCall>
{
    private const int Tile = 32, TileK = 32, Threads = 256, Across = 16;

    /// <summary>From here on blocks of 64 x 64 keep a large card busy, and use what they read twice as often.</summary>
    private const int LargeTiles = 512;

    /// <summary>Packs in a row of shared memory: one more than used shifts the banks from row to row.</summary>
    private const int Stride = (Tile / 4) + 1;

    private static readonly GpuKernel[] Layouts =
        MatMulLayouts.Kernels(Kernel<KMajor, MnMajor>, Threads, unroll: 8);

    public override string Name => "v5-small-tiles";

    public override string Idea => "32 x 32 tiles of 256 threads, K in steps of 32, for results too small to fill a card with larger ones";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [.. Layouts, MatMulSplitK.AddParts];

    public override bool Supports(in MatMulCall call, Device device, [NotNullWhen(false)] out string? reason)
    {
        var tiles = MatMulV3RegisterTiles.BlocksFor(in call);
        reason = tiles < LargeTiles ? null : $"C has {tiles} tiles of 64 x 64, it is for fewer than {LargeTiles}";
        return reason is null;
    }

    protected override void Run(GpuDevice device, in MatMulCall call) =>
        new MatMulSplitK(in call, Tile, TileK).Launch(device, in call, Layouts[MatMulLayouts.IndexOf(in call)]);

    private static void Kernel<TA, TB>(
        ArrayView<float> a, ArrayView<float> b, GpuEpilogue epilogue,
        int m, int n, int k, int rowA, int rowB, int aligned, int partK, long stepA, long stepB)
        where TA : struct, IOperandLayout
        where TB : struct, IOperandLayout
    {
        // Packs of four floats: two buffers of a tile of A and one of B, [32][9] each; at the end the tile of C, [32][9].
        var shared = SharedMemory.Allocate<Float4>(4 * TileK * Stride).AsAligned(16);
        var pairs = shared.Cast<Float2>();
        const int Buffer = TileK * Stride;
        int x = Group.IdxX & (Across - 1), y = Group.IdxX / Across;
        var tileA = new MatMulTileLoader<TA>(a.SubView(Grid.IdxZ * stepA), rowA, Tile, Threads, Grid.IdxX * Tile, m, (aligned & 1) != 0);
        var tileB = new MatMulTileLoader<TB>(b.SubView(Grid.IdxZ * stepB), rowB, Tile, Threads, Grid.IdxY * Tile, n, (aligned & 2) != 0);
        var begin = stepA > 0 ? 0 : Grid.IdxZ * partK;
        var end = begin + partK < k ? begin + partK : k;

        // Two rows of a pair of columns.
        Float2 upper = default, lower = default;
        tileA.Store(shared, 0, 0, tileA.Fetch(0, begin, end));
        tileB.Store(shared, Buffer, 0, tileB.Fetch(0, begin, end));
        Group.Barrier();
        var current = 0;
        for (var k0 = begin; k0 < end; k0 += TileK)
        {
            // The next tiles are on their way while these are used; beyond the last they are zeros that nobody asks for.
            var nextA = tileA.Fetch(0, k0 + TileK, end);
            var nextB = tileB.Fetch(0, k0 + TileK, end);
            int atA = (2 * current) + y, atB = (2 * (current + Buffer)) + x;
            for (var t = 0; t < TileK; t++)
            {
                var p = pairs[atA + (2 * t * Stride)];
                var q = pairs[atB + (2 * t * Stride)];
                upper.AddScaled(p.X, q);
                lower.AddScaled(p.Y, q);
            }

            current = (2 * Buffer) - current;
            tileA.Store(shared, current, 0, nextA);
            tileB.Store(shared, current + Buffer, 0, nextB);
            Group.Barrier();
        }

        pairs[(2 * y * 2 * Stride) + x] = upper;
        pairs[(((2 * y) + 1) * 2 * Stride) + x] = lower;
        Group.Barrier();
        epilogue = epilogue.From((long)Grid.IdxZ * m * n);
        epilogue.FinishPack(shared, Stride, Tile, Group.IdxX / (Tile / 4), m, n);
    }
}
