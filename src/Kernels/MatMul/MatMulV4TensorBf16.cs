using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// Both operands are rounded to bf16 and packed (<see cref="Bf16Packing"/>); then tensor cores multiply, with sums in fp32.
/// A block computes 64 x 64 elements of C; 32 of K at a time are copied to shared memory asynchronously, two steps ahead
/// of their use, into a ring of three stages.
/// Threads: 128; each of the four warps owns 32 x 32 sums. Chunks of 16 bytes are swizzled, so neither the copies nor
/// ldmatrix ever meet a bank twice. Limits: none, but bf16 has 8 bits: a product of Gaussian factors is off by about 0.002
/// of its size, so this variant only runs where it is asked for by name. Bytes: 6 for each element of A and B, then 4 K / 64
/// per element of C. FLOPs: 2 K per element.
/// </summary>
internal sealed class MatMulV4TensorBf16 : GpuVariant<MatMulCall>
{
    private const int Tile = Bf16Packing.TileMn, Threads = 128;
    private const int ChunksOfRow = Bf16Packing.TileK / Bf16Packing.KOfChunk;

    /// <summary>Chunks of a tile of one factor, and of a stage with both.</summary>
    private const int ChunksOfTile = Tile * ChunksOfRow;
    private const int Stage = 2 * ChunksOfTile;
    private const int Stages = 3;

    /// <summary>Packs in a row of C in shared memory: two more than used, so that half a warp meets every bank once.</summary>
    private const int PacksOfC = (Tile / 4) + 2;

    private static readonly GpuKernel Multiply = new(Kernel, Threads) { Unroll = 4 };

    public override string Name => "v4-tensor-bf16";

    public override string Idea => "bf16 factors on tensor cores, fp32 sums, asynchronous copies three stages deep";

    // A factor is off by up to 2^-8 of itself, a term by 2^-7, and where a few large terms are all that a sum consists of,
    // that is several times as much relative to the size of the whole result.
    public override double ExtraError => 1.0 / 32;

    public override double InputRoundoff => 1.0 / 256;

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [.. Bf16Packing.Kernels, Multiply];

    public override bool Supports(in MatMulCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        GridCover.FitsAcross("N", call.N, Tile, out reason)
        && GridCover.FitsAcross("K", call.K, Bf16Packing.TileK, out reason);

    protected override void Run(GpuDevice device, in MatMulCall call)
    {
        for (var i = 0; i < call.Count; i++)
        {
            Launch(device, call.Product(i));
        }
    }

    private static void Launch(GpuDevice device, in MatMulCall call)
    {
        var a = new Bf16Packing(call.M, call.K);
        var b = new Bf16Packing(call.N, call.K);
        using var packedA = device.Scratch<UInt4>(a.Chunks);
        using var packedB = device.Scratch<UInt4>(b.Chunks);
        a.Launch(device, call.A, call.RowA, !call.TransposeA, packedA.Slice);
        b.Launch(device, call.B, call.RowB, call.TransposeB, packedB.Slice);
        device.Prepare(Multiply)
            .With(packedA.Slice).With(packedB.Slice)
            .WithEpilogue(in call)
            .With(call.M).With(call.N).With(a.PackedStride)
            .On(new GridSize(a.MnTiles, b.MnTiles));
    }

    private static void Kernel(
        ArrayView<UInt4> a, ArrayView<UInt4> b, GpuEpilogue epilogue,
        int m, int n, int packedStride)
    {
        var shared = SharedMemory.Allocate<UInt4>(Stages * Stage).AsAligned(16);
        int row = Grid.IdxX * Tile, column = Grid.IdxY * Tile;
        int chunk = Group.IdxX & (ChunksOfRow - 1), own = Group.IdxX / ChunksOfRow;
        var sourceA = ((long)(row + own) * packedStride) + chunk;
        var sourceB = ((long)(column + own) * packedStride) + chunk;
        var target = Swizzle(own, chunk);
        int lane = Group.IdxX & 31, warp = Group.IdxX / 32;
        int rowOfWarp = warp / 2 * 32, columnOfWarp = (warp & 1) * 32;

        // Four matrices of A lie as (rows, rows + 8) x (k, k + 8); of B as two column tiles with both halves each.
        var atA = Swizzle(rowOfWarp + (lane & 15), lane / 16);
        var atB = Swizzle(Tile + columnOfWarp + (lane & 7) + (lane / 16 * 8), (lane / 8) & 1);

        // Two tiles of 16 rows by four of 8 columns.
        var acc = new Float4[8];
        for (var i = 0; i < 2; i++)
        {
            for (var j = 0; j < 4; j++)
            {
                acc[(4 * i) + j] = default;
            }
        }

        Fetch(shared, target, a, sourceA, b, sourceB, 0, packedStride);
        Fetch(shared, target + Stage, a, sourceA, b, sourceB, ChunksOfRow, packedStride);
        int used = 0, filled = 2 * Stage;
        for (var done = 0; done < packedStride; done += ChunksOfRow)
        {
            // Behind this barrier everyone's copies for this step are there, and nobody uses the stage before any more.
            TensorCore.WaitForAllCopiesButOneGroup();
            Group.Barrier();
            Fetch(shared, target + filled, a, sourceA, b, sourceB, done + (2 * ChunksOfRow), packedStride);
            var stage = shared.SubView(used, Stage);
            for (var s = 0; s < 2; s++)
            {
                UInt4[] p = new UInt4[2], q = new UInt4[2];
                for (var i = 0; i < 2; i++)
                {
                    p[i] = TensorCore.LoadMatrices(ref stage[(atA ^ (2 * s)) + (16 * ChunksOfRow * i)]);
                    q[i] = TensorCore.LoadMatrices(ref stage[(atB ^ (2 * s)) + (16 * ChunksOfRow * i)]);
                }

                for (var i = 0; i < 2; i++)
                {
                    for (var j = 0; j < 2; j++)
                    {
                        var at = (4 * i) + (2 * j);
                        acc[at] = TensorCore.MultiplyBf16(p[i], q[j].Low, acc[at]);
                        acc[at + 1] = TensorCore.MultiplyBf16(p[i], q[j].High, acc[at + 1]);
                    }
                }
            }

            used = Next(used);
            filled = Next(filled);
        }

        TensorCore.WaitForCopies();
        Group.Barrier();
        var pairs = shared.Cast<Float2>();
        for (var i = 0; i < 2; i++)
        {
            for (var j = 0; j < 4; j++)
            {
                var at = ((rowOfWarp + (16 * i) + (lane / 4)) * 2 * PacksOfC) + (columnOfWarp / 2) + (4 * j) + (lane & 3);
                pairs[at] = new Float2 { X = acc[(4 * i) + j].X, Y = acc[(4 * i) + j].Y };
                pairs[at + (8 * 2 * PacksOfC)] = new Float2 { X = acc[(4 * i) + j].Z, Y = acc[(4 * i) + j].W };
            }
        }

        Group.Barrier();
        for (var i = Group.IdxX / (Tile / 4); i < Tile; i += Threads / (Tile / 4))
        {
            epilogue.FinishPack(shared.Cast<Float4>(), PacksOfC, Tile, i, m, n);
        }
    }

    /// <summary>
    /// Where a chunk of a row lies: the chunks of rows 2i and 2i+1 are exchanged by i, so the eight rows of a matrix
    /// (and the two whole rows that eight lanes write) fill all banks once.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Swizzle(int row, int chunk) => (row * 4) + (chunk ^ ((row / 2) & 3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Next(int stage) => stage == (Stages - 1) * Stage ? 0 : stage + Stage;

    /// <summary>Starts the copies of one step and makes them a group; beyond the last step the group is empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(
        ArrayView<UInt4> shared, int target, ArrayView<UInt4> a, long sourceA, ArrayView<UInt4> b, long sourceB, int done, int chunks)
    {
        if (done < chunks)
        {
            var half = (long)(Tile / 2) * chunks;
            TensorCore.CopyAsync(ref shared[target], ref a[sourceA + done]);
            TensorCore.CopyAsync(ref shared[target + (ChunksOfTile / 2)], ref a[sourceA + done + half]);
            TensorCore.CopyAsync(ref shared[target + ChunksOfTile], ref b[sourceB + done]);
            TensorCore.CopyAsync(ref shared[target + ChunksOfTile + (ChunksOfTile / 2)], ref b[sourceB + done + half]);
        }

        TensorCore.CommitCopies();
    }
}
