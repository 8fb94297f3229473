using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over the keys on Hopper's tensor cores (Shah et al. 2024): warpgroups have roles. One thread of the first starts bulk tensor
/// copies of keys and values as their places become empty; the other two multiply 64 queries each, from shared memory, with scores, powers
/// and results in registers. Products run in the background: while a group makes powers of the scores of one tile, tensor cores multiply
/// those of the tile before with its values, and the two groups take turns, so that one makes powers while the products of the other run.
/// Powers are rounded to bf16 where they are multiplied with V, and are fp32 in their sum.
/// Threads: 384; of a head a block has 128 queries, or 64 where no more are left. Keys come 96 at a time, or of heads of 64 and 128
/// also 128 where that covers a sequence with no more: 1026 keys cost 1056, 1024 no others. Limits: sm_90a; d of 32, 64, 72, 96, 128;
/// qkv and result at multiples of 16 bytes. Shared memory: 88 to 160 KiB, and by its registers one block on a multiprocessor. Bytes: 4 L d
/// for 128 rows. FLOPs: 4 L d per row; 64 x 128 x 16 multiply-adds an instruction.
/// </summary>
internal sealed class AttentionForwardBf16V5WarpGroups : GpuVariant<AttentionForwardBf16Call>
{
    /// <summary>Warpgroups that multiply, and queries of each.</summary>
    private const int Groups = 2, Rows = GroupHeadProduct.Rows;

    private const int ThreadsOfGroup = GroupHeadProduct.Threads;

    /// <summary>More than the steps and the blocks of any tile.</summary>
    private const int LongestLoop = 32;

    /// <summary>Blocks of 8 keys and steps of 16 of the larger tile; blocks of 8 channels of the widest heads.</summary>
    private const int MaxBlocks = 16, MaxSteps = 8, MaxChannels = 16;

    /// <summary>Named barriers: whose turn it is, then for each group its own.</summary>
    private const int Turn = 1, Own = 3;

    private static readonly Dictionary<int, GpuKernel> ByNarrow = new()
    {
        [Head32.Size] = Make<Head32>(Kernel<Head32, Columns96, Sums96, Columns32, Sums32>, Columns96.Count),
        [Head64.Size] = Make<Head64>(Kernel<Head64, Columns96, Sums96, Columns64, Sums64>, Columns96.Count),
        [Head72.Size] = Make<Head72>(Kernel<Head72, Columns96, Sums96, Columns96, Sums96>, Columns96.Count),
        [Head96.Size] = Make<Head96>(Kernel<Head96, Columns96, Sums96, Columns96, Sums96>, Columns96.Count),
        [Head128.Size] = Make<Head128>(Kernel<Head128, Columns96, Sums96, Columns128, Sums128>, Columns96.Count),
    };

    /// <summary>For the heads that most models have.</summary>
    private static readonly Dictionary<int, GpuKernel> ByWide = new()
    {
        [Head64.Size] = Make<Head64>(Kernel<Head64, Columns128, Sums128, Columns64, Sums64>, Columns128.Count),
        [Head128.Size] = Make<Head128>(Kernel<Head128, Columns128, Sums128, Columns128, Sums128>, Columns128.Count),
    };

    public override string Name => "v5-warp-groups";

    public override string Idea => "wgmma on keys that bulk copies bring, two warpgroups in turns: powers of one tile while others are multiplied";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [.. ByNarrow.Values, .. ByWide.Values];

    public override bool Supports(in AttentionForwardBf16Call call, Device device, [NotNullWhen(false)] out string? reason) =>
        Bf16HeadKernels.Supports(call.HeadSize, out reason, call.Qkv, call.Output);

    protected override void Run(GpuDevice device, in AttentionForwardBf16Call call)
    {
        var (kernel, keys) = KernelFor(in call);
        var blocks = GridCover.Blocks(call.Tokens, Groups * Rows);
        device.Prepare(kernel)
            .With(GroupHeadTiles.Of(call.Qkv, call.Dims, Rows)).With(GroupHeadTiles.Of(call.Qkv, call.Dims, keys))
            .With(call.Output).With(call.LogSumExp)
            .With(call.Tokens).With(call.Heads).With(blocks).With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
            .On(new GridSize(GridCover.Blocks((long)call.Dims.Batch * call.Heads * blocks, 1)));
    }

    /// <summary>The kernel that covers a sequence with the fewest keys, and how many it takes at a time.</summary>
    private static (GpuKernel Kernel, int Keys) KernelFor(in AttentionForwardBf16Call call) =>
        ByWide.TryGetValue(call.HeadSize, out var wide) && Covered(call.Tokens, Columns128.Count) <= Covered(call.Tokens, Columns96.Count)
            ? (wide, Columns128.Count)
            : (ByNarrow[call.HeadSize], Columns96.Count);

    private static long Covered(int tokens, int keys) => (long)GridCover.Blocks(tokens, keys) * keys;

    private static GpuKernel Make<T>(Delegate kernel, int keys) where T : struct, IHeadSize => new(kernel, (Groups + 1) * ThreadsOfGroup)
    {
        DynamicSharedBytes = Barriers<T>(keys) + GroupHeadBarriers.Bytes(Stages<T>()),
        MinArchitecture = PtxArchitecture.Sm90a,
        BlocksPerMultiprocessor = 1,
        Unroll = LongestLoop,
    };

    /// <summary>Tiles of keys, and as many of values, that lie in shared memory at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Stages<T>() where T : struct, IHeadSize => GroupHeadTile<T>.Boxes == 1 ? 3 : 2;

    /// <summary>Bytes of the queries, which come first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Queries<T>() where T : struct, IHeadSize => Groups * GroupHeadTile<T>.Bytes(Rows);

    /// <summary>Where the barriers lie, behind all tiles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Barriers<T>(int keys) where T : struct, IHeadSize => Queries<T>() + (2 * Stages<T>() * GroupHeadTile<T>.Bytes(keys));

    private static void Kernel<T, TKeys, TScores, TChannels, TOutput>(
        TensorMap queries, TensorMap others, ArrayView<BFloat16> output, ArrayView<float> logSumExp,
        int tokens, int heads, int blocks, float scale)
        where T : struct, IHeadSize
        where TKeys : struct, IGroupColumns<TScores>
        where TScores : struct
        where TChannels : struct, IGroupColumns<TOutput>
        where TOutput : struct
    {
        var block = new GroupHeadBlock(tokens, blocks, heads, Groups);
        var shared = SharedAddress.OfDynamic();
        var barriers = block.Begin(shared + Barriers<T>(TKeys.Count), Stages<T>());
        if (block.Group < 0)
        {
            RegisterLimit.DownTo24();
            if (Group.IdxX == 0)
            {
                Copy<T>(queries, others, shared, barriers, TKeys.Count, block, tokens, heads);
            }
        }
        else
        {
            RegisterLimit.UpTo240();
            if (block.Group < block.Active)
            {
                Attend<T, TKeys, TScores, TChannels, TOutput>(
                    shared, barriers, block, tokens, scale, new(block.Index, tokens, heads, T.Size), output, logSumExp);
            }
        }
    }

    /// <summary>What the thread does that starts copies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy<T>(
        TensorMap queries, TensorMap others, int shared, GroupHeadBarriers barriers, int keys, GroupHeadBlock block, int tokens, int heads)
        where T : struct, IHeadSize
    {
        Mbarrier.ArriveExpecting(barriers.Own, block.Active * GroupHeadTile<T>.Bytes(Rows));
        for (var group = 0; group < Scalar.Rolled(block.Active); group++)
        {
            GroupHeadTile<T>.Load(
                shared + (group * GroupHeadTile<T>.Bytes(Rows)), queries, Rows, block.Row + (group * Rows), block.Head, block.Sequence, barriers.Own);
        }

        int stage = 0, parity = 1;
        for (var key = 0; key < tokens; key += keys)
        {
            var tile = shared + Queries<T>() + (2 * stage * GroupHeadTile<T>.Bytes(keys));
            Mbarrier.Wait(barriers.EmptyFirst(stage), parity);
            Mbarrier.ArriveExpecting(barriers.First(stage), GroupHeadTile<T>.Bytes(keys));
            GroupHeadTile<T>.Load(tile, others, keys, key, heads + block.Head, block.Sequence, barriers.First(stage));
            Mbarrier.Wait(barriers.EmptySecond(stage), parity);
            Mbarrier.ArriveExpecting(barriers.Second(stage), GroupHeadTile<T>.Bytes(keys));
            GroupHeadTile<T>.Load(
                tile + GroupHeadTile<T>.Bytes(keys), others, keys, key, (2 * heads) + block.Head, block.Sequence, barriers.Second(stage));
            Mbarrier.Next(ref stage, ref parity, Stages<T>());
        }
    }

    /// <summary>What a warpgroup does that multiplies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Attend<T, TKeys, TScores, TChannels, TOutput>(
        int shared, GroupHeadBarriers barriers, GroupHeadBlock block, int tokens, float scale,
        GpuAttentionHead head, ArrayView<BFloat16> output, ArrayView<float> logSumExp)
        where T : struct, IHeadSize
        where TKeys : struct, IGroupColumns<TScores>
        where TScores : struct
        where TChannels : struct, IGroupColumns<TOutput>
        where TOutput : struct
    {
        var (group, takesTurns) = (block.Group, block.Active == Groups);
        var ofStage = 2 * GroupHeadTile<T>.Bytes(TKeys.Count) / 16;
        var q = WarpGroup.ByTerms(shared + (group * GroupHeadTile<T>.Bytes(Rows)));
        var k = WarpGroup.ByTerms(shared + Queries<T>());
        var v = GroupHeadTile<T>.ByRows(shared + Queries<T>() + GroupHeadTile<T>.Bytes(TKeys.Count), TKeys.Count);
        float[] m = new float[2], l = new float[2];
        var powers = new Float4[MaxBlocks];
        var p = new UInt4[MaxSteps];
        Bf16SoftmaxRows.Begin(m, l, 1);
        var s = TKeys.Zero();
        var o = TChannels.Zero();
        int stage = 0, parity = 0;

        Mbarrier.Wait(barriers.Own, 0);
        Mbarrier.Wait(barriers.First(0), 0);
        WarpGroup.Fence();
        s = GroupHeadProduct.MultiplyTransposed<T, TKeys, TScores>(s, q, k);
        WarpGroup.Commit();
        WarpGroup.Wait0();
        GroupHeadBarriers.Free(barriers.EmptyFirst(0), true);
        s = Raise<TKeys, TScores>(s, powers, m, l, tokens, scale, out _);
        GroupHeadProduct.Pack(powers, p, TKeys.Count);
        for (var key = TKeys.Count; key < tokens; key += TKeys.Count)
        {
            int before = stage, parityBefore = parity;
            Mbarrier.Next(ref stage, ref parity, Stages<T>());
            Mbarrier.Wait(barriers.First(stage), parity);
            if (takesTurns && (group > 0 || key > TKeys.Count))
            {
                NamedBarrier.Meet(Turn + group, Groups * ThreadsOfGroup);
            }

            WarpGroup.Fence();
            s = GroupHeadProduct.MultiplyTransposed<T, TKeys, TScores>(s, q, k + (ulong)(uint)(stage * ofStage));
            WarpGroup.Commit();
            Mbarrier.Wait(barriers.Second(before), parityBefore);
            o = GroupHeadProduct.AddProduct<T, TChannels, TOutput>(o, p, v + (ulong)(uint)(before * ofStage), TKeys.Count);
            WarpGroup.Commit();
            if (takesTurns && (group == 0 || key + TKeys.Count < tokens))
            {
                NamedBarrier.Arrive(Turn + 1 - group, Groups * ThreadsOfGroup);
            }

            WarpGroup.Wait1();
            s = Raise<TKeys, TScores>(s, powers, m, l, tokens - key, scale, out var factors);

            // Sums of powers are never negative. The assembler does not know: it would wait for the values before it makes powers.
            GroupHeadBarriers.Free(barriers.EmptyFirst(stage), !Scalar.IsLess(l[0] + l[1], 0));
            WarpGroup.Wait0();
            GroupHeadBarriers.Free(barriers.EmptySecond(before), true);
            o = Scale<T, TChannels, TOutput>(o, factors);
            GroupHeadProduct.Pack(powers, p, TKeys.Count);
        }

        Mbarrier.Wait(barriers.Second(stage), parity);
        WarpGroup.Fence();
        o = GroupHeadProduct.AddProduct<T, TChannels, TOutput>(o, p, v + (ulong)(uint)(stage * ofStage), TKeys.Count);
        WarpGroup.Commit();
        WarpGroup.Wait0();

        // Results leave through the place of the group's queries, which all its warps have read behind this barrier.
        NamedBarrier.Meet(Own + group, ThreadsOfGroup);
        var sums = new Float4[MaxChannels];
        GroupHeadProduct.Read<TChannels, TOutput>(o, sums, Bf16HeadTile.Chunks<T>());
        var own = Bf16HeadTile.Strip * (WarpReduce.Warp & 3);
        Bf16QueryStrips.Finish<T>(
            sums, m, l, 0, GroupHeadBlock.Place(group * GroupHeadTile<T>.Bytes(Rows)), own, block.OwnRow + own, tokens, head, output, logSumExp);
    }

    /// <summary>Turns scores into powers of two relative to the largest so far, and takes them into account.</summary>
    /// <returns>The powers once more, where the scores were: they stay in the same registers.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TScores Raise<TKeys, TScores>(TScores s, Float4[] powers, float[] m, float[] l, int left, float scale, out Float2 factors)
        where TKeys : struct, IGroupColumns<TScores>
        where TScores : struct
    {
        GroupHeadProduct.Read<TKeys, TScores>(s, powers, TKeys.Count / 8);
        if (left < TKeys.Count)
        {
            Bf16SoftmaxRows.Mask(powers, TKeys.Count / 8, TKeys.Count, left);
        }

        factors = Bf16SoftmaxRows.Advance(powers, 0, TKeys.Count / 8, m, l, 0, scale);
        return GroupHeadProduct.With<TKeys, TScores>(s, powers, TKeys.Count / 8);
    }

    /// <summary>Multiplies both rows of the sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TOutput Scale<T, TChannels, TOutput>(TOutput o, Float2 factors)
        where T : struct, IHeadSize
        where TChannels : struct, IGroupColumns<TOutput>
        where TOutput : struct
    {
        for (var c = 0; c < TChannels.Count / 8; c++)
        {
            var sum = TChannels.Block(o, c);
            o = TChannels.WithBlock(
                o, c, new() { X = sum.X * factors.X, Y = sum.Y * factors.X, Z = sum.Z * factors.Y, W = sum.W * factors.Y });
        }

        return o;
    }
}
