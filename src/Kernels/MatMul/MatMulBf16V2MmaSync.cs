using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>Tiles of a block and of its warps, as a type argument: loops over them fold when a kernel is compiled.</summary>
internal interface IMmaTile
{
    /// <summary>Rows of C that a block computes.</summary>
    static abstract int M { get; }

    /// <summary>Columns of C that a block computes.</summary>
    static abstract int N { get; }

    /// <summary>Rows and columns of C that a warp computes.</summary>
    static abstract int OfWarp { get; }
}

/// <summary>For results that fill a card.</summary>
internal readonly struct Mma128x256 : IMmaTile
{
    public static int M => 128;

    public static int N => 256;

    public static int OfWarp => 64;
}

/// <summary>For small ones.</summary>
internal readonly struct Mma64x64 : IMmaTile
{
    public static int M => 64;

    public static int N => 64;

    public static int OfWarp => 32;
}

/// <summary>
/// Tensor cores by <c>mma.sync</c>: factors of bf16 as they lie in memory, 64 of K at a time copied to shared memory asynchronously,
/// two steps ahead of their use, into a ring of three stages (<see cref="Bf16Tile{T}"/>). A warp keeps its tile of sums in registers and
/// the fragments of the next 16 of K beside those that it multiplies, so tensor cores never wait for shared memory.
/// Threads: 256 for 128 x 256 elements of C, warps of 64 x 64; 128 for 64 x 64, warps of 32 x 32, where the large tile would
/// leave multiprocessors idle. Where K is not cut, both sum an element in the same order. Limits: rows of both factors start at
/// multiples of 16 bytes. Shared memory: 144 KiB or 48 KiB. Bytes: 2 K (1 / 128 + 1 / 256) per element of C. FLOPs: 2 K per
/// element; eight fragments of 512 bytes for 32 products of 4096 multiply-adds.
/// </summary>
internal sealed class MatMulBf16V2MmaSync : GpuVariant<MatMulBf16Call>
{
    private const int Stages = 3;
    private const int KOfStage = 64;

    /// <summary>One block of the large tile fits on a multiprocessor, and a large card has 132 of these.</summary>
    private const int WantedLargeBlocks = 132;

    /// <summary>With fewer, more small ones are faster: a quarter of the card would have nothing to do.</summary>
    private const int EnoughLargeBlocks = 96;

    /// <summary>Enough for every multiprocessor to have a few.</summary>
    private const int WantedSmallBlocks = 512;

    private static readonly GpuKernel[] Large = Layouts<Mma128x256>();
    private static readonly GpuKernel[] Small = Layouts<Mma64x64>();

    public override string Name => "v2-mma-sync";

    public override string Idea => "mma.sync on tiles of 128 x 256, asynchronous copies three stages deep, any layout without packing";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [.. Large, .. Small, MatMulSplitK.AddParts];

    public override bool Supports(in MatMulBf16Call call, Device device, [NotNullWhen(false)] out string? reason)
    {
        if (!Bf16Memory.HasChunkedRows(call.A, call.Sizes.RowA) || !Bf16Memory.HasChunkedRows(call.B, call.Sizes.RowB))
        {
            reason = "a row of a factor does not start at a multiple of 16 bytes";
            return false;
        }

        return GridCover.FitsAcross("N", call.N, Mma64x64.N, out reason);
    }

    protected override void Run(GpuDevice device, in MatMulBf16Call call)
    {
        if (FillsACard(in call))
        {
            Launch<Mma128x256>(device, in call, Large, CutFor<Mma128x256>(in call, WantedLargeBlocks));
        }
        else
        {
            Launch<Mma64x64>(device, in call, Small, CutFor<Mma64x64>(in call, WantedSmallBlocks));
        }
    }

    /// <summary>Whether the large tile serves a call.</summary>
    internal static bool FillsACard(in MatMulBf16Call call) => CutFor<Mma128x256>(in call, WantedLargeBlocks).Blocks >= EnoughLargeBlocks;

    private static SplitK CutFor<T>(in MatMulBf16Call call, int wantedBlocks) where T : struct, IMmaTile =>
        new(call.Sizes, T.M, T.N, KOfStage, wantedBlocks, MatMulBf16Parts.CanBeAdded(in call));

    private static void Launch<T>(GpuDevice device, in MatMulBf16Call call, GpuKernel[] layouts, SplitK cut) where T : struct, IMmaTile
    {
        var kernel = layouts[(call.TransposeA ? 2 : 0) + (call.TransposeB ? 1 : 0)];
        var grid = new GridSize(GridCover.Blocks(call.M, T.M), GridCover.Blocks(call.N, T.N), cut.Parts);
        if (cut.Parts == 1)
        {
            Launch(device, kernel, in call, cut.PartK, grid);
            return;
        }

        using var sums = device.Scratch<float>((long)cut.Parts * call.M * call.N);
        Launch(device, kernel, MatMulBf16Parts.Of(in call, sums.Slice), cut.PartK, grid);
        MatMulSplitK.Add(device, sums.Slice, cut.Parts, MatMulBf16Parts.Finishing(in call));
    }

    private static void Launch(GpuDevice device, GpuKernel kernel, in MatMulBf16Call call, int partK, GridSize grid) =>
        device.Prepare(kernel)
            .With(call.A).With(call.B)
            .WithEpilogue(in call)
            .With(call.M).With(call.N).With(call.K).With(call.Sizes.RowA).With(call.Sizes.RowB).With(partK)
            .On(grid);

    private static GpuKernel[] Layouts<T>() where T : struct, IMmaTile
    {
        return
        [
            Make(Kernel<T, KMajor, MnMajor>), Make(Kernel<T, KMajor, KMajor>),
            Make(Kernel<T, MnMajor, MnMajor>), Make(Kernel<T, MnMajor, KMajor>),
        ];

        static GpuKernel Make(Delegate kernel) => new(kernel, Threads<T>())
        {
            DynamicSharedBytes = 16 * Stages * ChunksOfStage<T>(),
            Unroll = 32,
        };
    }

    private static int Threads<T>() where T : struct, IMmaTile => T.M / T.OfWarp * (T.N / T.OfWarp) * 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ChunksOfStage<T>() where T : struct, IMmaTile => (T.M + T.N) * KOfStage / Bf16Memory.OfChunk;

    private static void Kernel<T, TA, TB>(
        ArrayView<BFloat16> a, ArrayView<BFloat16> b, GpuEpilogueBf16 epilogue,
        int m, int n, int k, int rowA, int rowB, int partK)
        where T : struct, IMmaTile
        where TA : struct, IOperandLayout
        where TB : struct, IOperandLayout
    {
        var shared = SharedMemory.GetDynamic<UInt4>().AsAligned(16);
        var begin = Grid.IdxZ * partK;
        var end = begin + partK < k ? begin + partK : k;
        var left = new Bf16Tile<TA>(a, rowA, Grid.IdxX * T.M, m);
        var right = new Bf16Tile<TB>(b, rowB, Grid.IdxY * T.N, n);
        int lane = Group.IdxX & 31, warp = Group.IdxX / 32;
        int rowOfWarp = warp / (T.N / T.OfWarp) * T.OfWarp, columnOfWarp = (warp & ((T.N / T.OfWarp) - 1)) * T.OfWarp;
        var atA = Bf16Tile<TA>.LeftFragment(rowOfWarp, lane);
        var atB = (T.M * Bf16Tile<TA>.ChunksOfRow) + Bf16Tile<TB>.RightFragment(columnOfWarp, lane);

        Fetch<T, TA, TB>(left, right, shared, 0, begin, end);
        Fetch<T, TA, TB>(left, right, shared, ChunksOfStage<T>(), begin + KOfStage, end);
        TensorCore.WaitForAllCopiesButOneGroup();
        Group.Barrier();

        // Of four tiles of 16 rows, eight of 8 columns; fragments of the 16 of K that are multiplied, and of the next 16.
        var sums = new Float4[32];
        for (var i = 0; i < 32; i++)
        {
            sums[i] = default;
        }

        UInt4[] p = new UInt4[8], q = new UInt4[8];
        LoadFragments<T, TA, TB>(p, q, 0, shared, atA, atB, 0);
        int used = 0, filled = 2 * ChunksOfStage<T>();
        for (var k0 = begin; k0 < end; k0 += KOfStage)
        {
            // All warps have read the last fragments of the stage before: its place is free.
            Fetch<T, TA, TB>(left, right, shared, filled, k0 + (2 * KOfStage), end);
            filled = Next<T>(filled);
            var stage = used;
            used = Next<T>(used);
            for (var step = 0; step < 4; step++)
            {
                if (step == 3)
                {
                    // Behind this barrier everyone's copies of the next stage are there.
                    TensorCore.WaitForAllCopiesButOneGroup();
                    Group.Barrier();
                    stage = used;
                }

                // Behind the last stage there is none.
                if (step < 3 || k0 + KOfStage < end)
                {
                    LoadFragments<T, TA, TB>(p, q, 4 * ((step + 1) & 1), shared, atA + stage, atB + stage, (step + 1) & 3);
                }

                Multiply<T>(sums, p, q, 4 * (step & 1));
            }
        }

        // Everyone has read the last fragments: no barrier is needed behind the one in the loop.
        Finish<T>(sums, shared, rowOfWarp, columnOfWarp, lane, epilogue.From((long)Grid.IdxZ * m * n), m, n);
    }

    /// <summary>Starts the copies of one step and makes them a group; beyond the last step the group is empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch<T, TA, TB>(Bf16Tile<TA> left, Bf16Tile<TB> right, ArrayView<UInt4> shared, int stage, int k, int end)
        where T : struct, IMmaTile
        where TA : struct, IOperandLayout
        where TB : struct, IOperandLayout
    {
        if (k < end)
        {
            left.Copy(shared, stage, T.M, Threads<T>(), k, end);
            right.Copy(shared, stage + (T.M * Bf16Tile<TA>.ChunksOfRow), T.N, Threads<T>(), k, end);
        }

        TensorCore.CommitCopies();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Next<T>(int stage) where T : struct, IMmaTile =>
        stage == (Stages - 1) * ChunksOfStage<T>() ? 0 : stage + ChunksOfStage<T>();

    /// <summary>Fragments of 16 of K: of each 16 rows of A, and of each 16 columns of B.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadFragments<T, TA, TB>(UInt4[] p, UInt4[] q, int to, ArrayView<UInt4> shared, int atA, int atB, int step)
        where T : struct, IMmaTile
        where TA : struct, IOperandLayout
        where TB : struct, IOperandLayout
    {
        for (var i = 0; i < T.OfWarp / 16; i++)
        {
            p[to + i] = Bf16Tile<TA>.Load(shared, atA, i, step);
            q[to + i] = Bf16Tile<TB>.Load(shared, atB, i, step);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply<T>(Float4[] sums, UInt4[] p, UInt4[] q, int from) where T : struct, IMmaTile
    {
        for (var i = 0; i < T.OfWarp / 16; i++)
        {
            for (var j = 0; j < T.OfWarp / 16; j++)
            {
                var at = (8 * i) + (2 * j);
                sums[at] = TensorCore.MultiplyBf16(p[from + i], q[from + j].Low, sums[at]);
                sums[at + 1] = TensorCore.MultiplyBf16(p[from + i], q[from + j].High, sums[at + 1]);
            }
        }
    }

    /// <summary>The block's sums go through shared memory, so that neighbours write whole rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<T>(
        Float4[] sums, ArrayView<UInt4> shared, int rowOfWarp, int columnOfWarp, int lane, GpuEpilogueBf16 epilogue, int m, int n)
        where T : struct, IMmaTile
    {
        // Packs in a row: two more than used, so that half a warp meets every bank once.
        var stride = (T.N / 4) + 2;
        var pairs = shared.Cast<Float2>();
        for (var i = 0; i < T.OfWarp / 16; i++)
        {
            for (var j = 0; j < T.OfWarp / 8; j++)
            {
                var at = ((rowOfWarp + (16 * i) + (lane / 4)) * 2 * stride) + (columnOfWarp / 2) + (4 * j) + (lane & 3);
                var sum = sums[(8 * i) + j];
                pairs[at] = new Float2 { X = sum.X, Y = sum.Y };
                pairs[at + (8 * 2 * stride)] = new Float2 { X = sum.Z, Y = sum.W };
            }
        }

        Group.Barrier();
        var packs = shared.Cast<Float4>();
        var pack = Group.IdxX & ((T.N / 4) - 1);
        var column = (Grid.IdxY * T.N) + (4 * pack);
        for (var i = Group.IdxX / (T.N / 4); i < T.M; i += Threads<T>() / (T.N / 4))
        {
            var row = (Grid.IdxX * T.M) + i;
            if (row < m && column < n)
            {
                epilogue.Finish(packs[(i * stride) + pack], row, column, n);
            }
        }
    }
}
