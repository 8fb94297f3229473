using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// Hopper's tensor cores (<c>wgmma</c>), fed by copies that no thread carries: factors go from memory to a ring of stages in shared
/// memory by bulk tensor copies, and tensor cores read them there, so no register ever holds one. Warpgroups have roles: one
/// thread of the first starts copies as stages become empty; the other two multiply 64 rows each, and free a stage when the
/// products of the next one are on their way, so that tensor cores never wait.
/// Threads: 384; of C a block computes 128 x 256 elements, or 128 x 128 where there would be fewer blocks than multiprocessors. Where K
/// is not cut, both sum an element in the same order. Limits: sm_90a; rows of both factors start at multiples of 16 bytes and do
/// not overlap. Shared memory: 192 KiB. Bytes: 2 K (1 / 128 + 1 / 256) per element of C. FLOPs: 2 K per element, 64 x 256 x 16
/// multiply-adds an instruction.
/// </summary>
internal sealed class MatMulBf16V3WarpGroups : GpuVariant<MatMulBf16Call>
{
    private const int M = 128;
    private const int KOfStage = GroupFactor<KMajor>.K;
    private const int BytesOfA = M * KOfStage * 2;

    /// <summary>Of a warp: 16 rows of sums.</summary>
    private const int RowsOfWarp = 16;

    /// <summary>One block fits on a multiprocessor, and a large card has 132 of these.</summary>
    private const int WantedBlocks = 132;

    /// <summary>With fewer, more small ones are faster: a quarter of the card would have nothing to do.</summary>
    private const int EnoughBlocks = 96;

    private static readonly GpuKernel[] Large = Layouts<Group128x256, Sums256>();
    private static readonly GpuKernel[] Small = Layouts<Group128x128, Sums128>();

    public override string Name => "v3-warp-groups";

    public override string Idea => "wgmma on tiles of 128 x 256 in shared memory, which bulk tensor copies fill while two warpgroups multiply";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [.. Large, .. Small, MatMulSplitK.AddParts];

    public override bool Supports(in MatMulBf16Call call, Device device, [NotNullWhen(false)] out string? reason)
    {
        var sizes = call.Sizes;
        if (!Bf16Memory.HasChunkedRows(call.A, sizes.RowA) || !Bf16Memory.HasChunkedRows(call.B, sizes.RowB))
        {
            reason = "a row of a factor does not start at a multiple of 16 bytes";
            return false;
        }

        if (sizes.RowA < (call.TransposeA ? call.M : call.K) || sizes.RowB < (call.TransposeB ? call.K : call.N))
        {
            reason = "rows of a factor overlap, which a tensor map does not know";
            return false;
        }

        return GridCover.FitsAcross("N", call.N, Group128x128.N, out reason);
    }

    protected override void Run(GpuDevice device, in MatMulBf16Call call)
    {
        if (FillsACard(in call))
        {
            Launch<Group128x256, Sums256>(device, in call, Large);
        }
        else
        {
            Launch<Group128x128, Sums128>(device, in call, Small);
        }
    }

    /// <summary>Whether the large tile serves a call.</summary>
    internal static bool FillsACard(in MatMulBf16Call call) => CutFor<Group128x256, Sums256>(in call).Blocks >= EnoughBlocks;

    private static SplitK CutFor<T, TSums>(in MatMulBf16Call call) where T : struct, IGroupTile<TSums> where TSums : struct =>
        new(call.Sizes, M, T.N, KOfStage, WantedBlocks, MatMulBf16Parts.CanBeAdded(in call));

    private static void Launch<T, TSums>(GpuDevice device, in MatMulBf16Call call, GpuKernel[] layouts)
        where T : struct, IGroupTile<TSums> where TSums : struct
    {
        var cut = CutFor<T, TSums>(in call);
        var kernel = layouts[(call.TransposeA ? 2 : 0) + (call.TransposeB ? 1 : 0)];
        var grid = new GridSize(GridCover.Blocks(call.M, M), GridCover.Blocks(call.N, T.N), cut.Parts);
        if (cut.Parts == 1)
        {
            Launch(device, kernel, in call, T.N, cut.PartK, grid);
            return;
        }

        using var sums = device.Scratch<float>((long)cut.Parts * call.M * call.N);
        Launch(device, kernel, MatMulBf16Parts.Of(in call, sums.Slice), T.N, cut.PartK, grid);
        MatMulSplitK.Add(device, sums.Slice, cut.Parts, MatMulBf16Parts.Finishing(in call));
    }

    private static void Launch(GpuDevice device, GpuKernel kernel, in MatMulBf16Call call, int n, int partK, GridSize grid)
    {
        var sizes = call.Sizes;
        device.Prepare(kernel)
            .With(call.TransposeA ? GroupFactor<MnMajor>.Tiles(call.A, call.M, call.K, sizes.RowA, M) : GroupFactor<KMajor>.Tiles(call.A, call.M, call.K, sizes.RowA, M))
            .With(call.TransposeB ? GroupFactor<KMajor>.Tiles(call.B, call.N, call.K, sizes.RowB, n) : GroupFactor<MnMajor>.Tiles(call.B, call.N, call.K, sizes.RowB, n))
            .WithEpilogue(in call)
            .With(call.M).With(call.N).With(call.K).With(partK)
            .On(grid);
    }

    private static GpuKernel[] Layouts<T, TSums>() where T : struct, IGroupTile<TSums> where TSums : struct
    {
        return
        [
            Make(Kernel<T, TSums, KMajor, MnMajor>), Make(Kernel<T, TSums, KMajor, KMajor>),
            Make(Kernel<T, TSums, MnMajor, MnMajor>), Make(Kernel<T, TSums, MnMajor, KMajor>),
        ];

        static GpuKernel Make(Delegate kernel) => new(kernel, threads: 384)
        {
            DynamicSharedBytes = Barriers<T, TSums>() + (2 * T.Stages * Mbarrier.Bytes),
            MinArchitecture = PtxArchitecture.Sm90a,
            Unroll = 32,
        };
    }

    /// <summary>Bytes of both factors in a stage.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int BytesOfStage<T, TSums>() where T : struct, IGroupTile<TSums> where TSums : struct => BytesOfA + (T.N * KOfStage * 2);

    /// <summary>Where the barriers lie, behind all stages: for each stage whether it is full, then for each whether it is empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Barriers<T, TSums>() where T : struct, IGroupTile<TSums> where TSums : struct => T.Stages * BytesOfStage<T, TSums>();

    private static void Kernel<T, TSums, TA, TB>(TensorMap a, TensorMap b, GpuEpilogueBf16 epilogue, int m, int n, int k, int partK)
        where T : struct, IGroupTile<TSums>
        where TSums : struct
        where TA : struct, IOperandLayout
        where TB : struct, IOperandLayout
    {
        var tiles = SharedAddress.OfDynamic();
        var full = tiles + Barriers<T, TSums>();
        var empty = full + (T.Stages * Mbarrier.Bytes);
        var begin = Grid.IdxZ * partK;
        var steps = ((begin + partK < k ? partK : k - begin) + KOfStage - 1) / KOfStage;
        var group = WarpGroup.Uniform(Group.IdxX >> 7);
        if (Group.IdxX == 0)
        {
            for (var stage = 0; stage < T.Stages; stage++)
            {
                Mbarrier.Init(full + (stage * Mbarrier.Bytes), 1);
                Mbarrier.Init(empty + (stage * Mbarrier.Bytes), 2);
            }

            Mbarrier.FenceInit();
        }

        Group.Barrier();
        if (group == 0)
        {
            RegisterLimit.DownTo40();
            if (Group.IdxX == 0)
            {
                Copy<T, TSums, TA, TB>(a, b, tiles, full, empty, begin, steps);
            }
        }
        else
        {
            RegisterLimit.UpTo232();
            var sums = Multiply<T, TSums, TA, TB>(tiles, full, empty, group - 1, steps);

            // Sums take the place of the factors, which the other group has read too behind this barrier; threads that are done need not come.
            Group.Barrier();
            Finish<T, TSums>(sums, epilogue.From((long)Grid.IdxZ * m * n), m, n);
        }
    }

    /// <summary>What the thread does that starts copies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy<T, TSums, TA, TB>(TensorMap a, TensorMap b, int tiles, int full, int empty, int begin, int steps)
        where T : struct, IGroupTile<TSums>
        where TSums : struct
        where TA : struct, IOperandLayout
        where TB : struct, IOperandLayout
    {
        int stage = 0, phase = 1;
        for (var step = 0; step < steps; step++)
        {
            var tile = tiles + (stage * BytesOfStage<T, TSums>());
            var barrier = full + (stage * Mbarrier.Bytes);
            var k = begin + (step * KOfStage);
            Mbarrier.Wait(empty + (stage * Mbarrier.Bytes), phase);
            Mbarrier.ArriveExpecting(barrier, BytesOfStage<T, TSums>());
            GroupFactor<TA>.Load(tile, a, M, Grid.IdxX * M, k, barrier);
            GroupFactor<TB>.Load(tile + BytesOfA, b, T.N, Grid.IdxY * T.N, k, barrier);
            Mbarrier.Next(ref stage, ref phase, T.Stages);
        }
    }

    /// <summary>What a warpgroup does that multiplies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSums Multiply<T, TSums, TA, TB>(int tiles, int full, int empty, int group, int steps)
        where T : struct, IGroupTile<TSums>
        where TSums : struct
        where TA : struct, IOperandLayout
        where TB : struct, IOperandLayout
    {
        int stage = 0, phase = 0, before = 0;
        var isLeader = (Group.IdxX & 127) == 0;
        var firstA = GroupFactor<TA>.Descriptor(tiles + (group * GroupFactor<TA>.BytesOf64));
        var firstB = GroupFactor<TB>.Descriptor(tiles + BytesOfA);
        var sums = T.Zero();
        for (var step = 0; step < steps; step++)
        {
            Mbarrier.Wait(full + (stage * Mbarrier.Bytes), phase);
            var ofStage = (ulong)(uint)(stage * (BytesOfStage<T, TSums>() / 16));
            WarpGroup.Fence();
            for (var i = 0; i < KOfStage / 16; i++)
            {
                sums = Add<T, TSums, TA, TB>(sums, GroupFactor<TA>.At(firstA + ofStage, i), GroupFactor<TB>.At(firstB + ofStage, i));
            }

            WarpGroup.Commit();
            WarpGroup.Wait1();
            if (isLeader && step > 0)
            {
                Mbarrier.Arrive(empty + (before * Mbarrier.Bytes));
            }

            before = stage;
            Mbarrier.Next(ref stage, ref phase, T.Stages);
        }

        WarpGroup.Wait0();
        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSums Add<T, TSums, TA, TB>(TSums sums, ulong a, ulong b)
        where T : struct, IGroupTile<TSums>
        where TSums : struct
        where TA : struct, IOperandLayout
        where TB : struct, IOperandLayout =>
        TA.IsKMajor
            ? TB.IsKMajor ? T.TermsByTerms(sums, a, b) : T.TermsByRows(sums, a, b)
            : TB.IsKMajor ? T.RowsByTerms(sums, a, b) : T.RowsByRows(sums, a, b);

    /// <summary>A warp's sums go through shared memory of its own, so that neighbours write whole rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<T, TSums>(TSums sums, GpuEpilogueBf16 epilogue, int m, int n)
        where T : struct, IGroupTile<TSums> where TSums : struct
    {
        // Packs in a row: two more than used, so that half a warp meets every bank once.
        const int Spare = 2;
        var stride = (T.N / 4) + Spare;
        int lane = Group.IdxX & 31, warp = (Group.IdxX >> 5) - 4;
        var packs = SharedMemory.GetDynamic<Float4>().AsAligned(16).SubView(warp * RowsOfWarp * stride);
        var pairs = packs.Cast<Float2>();
        var at = (lane / 4 * 2 * stride) + (lane & 3);
        for (var block = 0; block < T.N / 8; block++)
        {
            var sum = T.Block(sums, block);
            pairs[at + (4 * block)] = new Float2 { X = sum.X, Y = sum.Y };
            pairs[at + (4 * block) + (8 * 2 * stride)] = new Float2 { X = sum.Z, Y = sum.W };
        }

        Warp.Barrier();
        var firstRow = (Grid.IdxX * M) + (warp * RowsOfWarp);
        for (var i = lane; i < RowsOfWarp * T.N / 4; i += 32)
        {
            int row = i / (T.N / 4), inRow = i & ((T.N / 4) - 1);
            var column = (Grid.IdxY * T.N) + (4 * inRow);
            if (firstRow + row < m && column < n)
            {
                epilogue.Finish(packs[(row * stride) + inRow], firstRow + row, column, n);
            }
        }
    }
}
