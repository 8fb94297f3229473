using System.Diagnostics.CodeAnalysis;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// A block computes 64 x 64 elements of C, a thread 8 x 8 of them in registers: for one k it reads 16 floats from
/// shared memory, in four accesses, and does 64 fused multiply-adds with them. While a tile of 8 k is being used, the
/// next one is on its way from global memory to registers and then to the other half of shared memory, so there is one
/// barrier for 512 multiply-adds. A small C with a large K is split along K too, or the layers of the grid are
/// products of their own (<see cref="MatMulSplitK"/>).
/// Threads: 64 as 8 x 8; a thread owns rows 4 y.. and 32 + 4 y.., columns 4 x.. and 32 + 4 x.., so that the eight lanes that
/// are served together read adjacent packs of B and one pack of A. Limits: none; rows that do not start at multiples of
/// 16 bytes are read float by float. Shared memory: 17 KiB. Bytes: 8 K / 64 per element of C. FLOPs: 2 K per element.
/// </summary>
internal sealed class MatMulV3RegisterTiles : GpuVariant<MatMulCall>
{
    private const int Tile = 64, TileK = 8, Threads = 64, Across = 8;

    /// <summary>Packs in a row of shared memory: one more than used shifts the banks from row to row.</summary>
    private const int Stride = (Tile / 4) + 1;

    private static readonly GpuKernel[] Layouts =
        MatMulLayouts.Kernels(Kernel<KMajor, MnMajor>, Threads, unroll: 8);

    public override string Name => "v3-register-tiles";

    public override string Idea => "8 x 8 sums a thread in registers, packs of four, double buffering, split K";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [.. Layouts, MatMulSplitK.AddParts];

    public override bool Supports(in MatMulCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        GridCover.FitsAcross("N", call.N, Tile, out reason);

    protected override void Run(GpuDevice device, in MatMulCall call) =>
        new MatMulSplitK(in call, Tile, TileK).Launch(device, in call, Layouts[MatMulLayouts.IndexOf(in call)]);

    /// <summary>Blocks that the call would take.</summary>
    public static long BlocksFor(in MatMulCall call) =>
        (long)GridCover.Blocks(call.M, Tile) * GridCover.Blocks(call.N, Tile) * new MatMulSplitK(in call, Tile, TileK).Layers;

    private static void Kernel<TA, TB>(
        ArrayView<float> a, ArrayView<float> b, GpuEpilogue epilogue,
        int m, int n, int k, int rowA, int rowB, int aligned, int partK, long stepA, long stepB)
        where TA : struct, IOperandLayout
        where TB : struct, IOperandLayout
    {
        // Packs of four floats: two buffers of a tile of A and one of B, [8][17] each; at the end the tile of C, [64][17].
        var shared = SharedMemory.Allocate<Float4>(Tile * Stride).AsAligned(16);
        const int Buffer = TileK * Stride;
        int x = Group.IdxX & (Across - 1), y = Group.IdxX / Across;
        var tileA = new MatMulTileLoader<TA>(a.SubView(Grid.IdxZ * stepA), rowA, Tile, Threads, Grid.IdxX * Tile, m, (aligned & 1) != 0);
        var tileB = new MatMulTileLoader<TB>(b.SubView(Grid.IdxZ * stepB), rowB, Tile, Threads, Grid.IdxY * Tile, n, (aligned & 2) != 0);
        var begin = stepA > 0 ? 0 : Grid.IdxZ * partK;
        var end = begin + partK < k ? begin + partK : k;

        // Of each of the eight rows, four columns and four more.
        var acc = new Float4[16];
        for (var i = 0; i < 8; i++)
        {
            for (var j = 0; j < 2; j++)
            {
                acc[(2 * i) + j] = default;
            }
        }

        for (var i = 0; i < 2; i++)
        {
            tileA.Store(shared, 0, i, tileA.Fetch(i, begin, end));
            tileB.Store(shared, Buffer, i, tileB.Fetch(i, begin, end));
        }

        Group.Barrier();
        var current = 0;
        for (var k0 = begin; k0 < end; k0 += TileK)
        {
            // The next tiles are on their way while these are used; beyond the last they are zeros that nobody asks for.
            Float4[] nextA = new Float4[2], nextB = new Float4[2];
            for (var i = 0; i < 2; i++)
            {
                nextA[i] = tileA.Fetch(i, k0 + TileK, end);
                nextB[i] = tileB.Fetch(i, k0 + TileK, end);
            }

            int atA = current + y, atB = current + Buffer + x;
            for (var t = 0; t < TileK; t++)
            {
                Float4[] p = new Float4[2], q = new Float4[2];
                for (var i = 0; i < 2; i++)
                {
                    p[i] = shared[atA + ((t * Stride) + (Across * i))];
                    q[i] = shared[atB + ((t * Stride) + (Across * i))];
                }

                for (var i = 0; i < 8; i++)
                {
                    for (var j = 0; j < 2; j++)
                    {
                        acc[(2 * i) + j].AddScaled(p[i / 4][i & 3], q[j]);
                    }
                }
            }

            current = (2 * Buffer) - current;
            for (var i = 0; i < 2; i++)
            {
                tileA.Store(shared, current, i, nextA[i]);
                tileB.Store(shared, current + Buffer, i, nextB[i]);
            }

            Group.Barrier();
        }

        for (var i = 0; i < 8; i++)
        {
            for (var j = 0; j < 2; j++)
            {
                shared[(((4 * y) + (i / 4 * 32) + (i & 3)) * Stride) + x + (Across * j)] = acc[(2 * i) + j];
            }
        }

        Group.Barrier();
        epilogue = epilogue.From((long)Grid.IdxZ * m * n);
        for (var i = Group.IdxX / (Tile / 4); i < Tile; i += Threads / (Tile / 4))
        {
            epilogue.FinishPack(shared, Stride, Tile, i, m, n);
        }
    }
}
