using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// The owners of <see cref="AttentionBackwardBf16V2MmaSync"/> on Hopper's tensor cores, with the roles of
/// <see cref="AttentionForwardBf16V5WarpGroups"/>: a thread starts bulk tensor copies, two warpgroups own 64 rows each. Blocks that own
/// queries multiply S = Q K^T, dP = dO V^T and dQ += dS K; blocks that own keys S^T = K Q^T, dP^T = V dO^T, dV += P^T dO and dK += dS^T Q, so that
/// what a product leaves in registers is a left factor of the next. A tile is read from memory once and multiplied both ways, by its terms and
/// by its rows. Products run in the background: P is made while dP is multiplied, and dS while P is. Every row has one owner and adds in
/// ascending order: no atomics.
/// Threads: 384; a block owns 128 rows of a head, or 64 where no more are left. The other side comes 96 rows at a time, or 64 of heads of 72 and
/// more. Limits: sm_90a; d of 32, 64, 72, 96 (both sums of 128 leave no registers for scores); operands at multiples of 16 bytes.
/// Shared memory: 82 to 129 KiB, and by its registers one block on a multiprocessor.
/// Bytes: 8 L d for 128 rows, twice. FLOPs: 14 L d per row, where 10 would do if the scores were kept.
/// </summary>
internal sealed class AttentionBackwardBf16V5WarpGroups : GpuVariant<AttentionBackwardBf16Call>
{
    /// <summary>Warpgroups that multiply, and rows of each.</summary>
    private const int Groups = 2, Rows = GroupHeadProduct.Rows;

    /// <summary>Tiles of two arrays that lie in shared memory at once.</summary>
    private const int Stages = 2;

    /// <summary>More than the steps and the blocks of any tile.</summary>
    private const int LongestLoop = 32;

    /// <summary>Blocks of 8 and steps of 16 rows of the larger tile; blocks of 8 channels of the widest heads.</summary>
    private const int MaxBlocks = 12, MaxSteps = 6, MaxChannels = 12;

    /// <summary>The first of the named barriers that each group has of its own.</summary>
    private const int OwnBarrier = 1;

    private static readonly Dictionary<int, (GpuKernel Queries, GpuKernel Keys)> Heads = new()
    {
        [Head32.Size] = Make<Head32, Columns96, Sums96, Columns32, Sums32>(),
        [Head64.Size] = Make<Head64, Columns96, Sums96, Columns64, Sums64>(),
        [Head72.Size] = Make<Head72, Columns64, Sums64, Columns96, Sums96>(),
        [Head96.Size] = Make<Head96, Columns64, Sums64, Columns96, Sums96>(),
    };

    public override string Name => "v5-warp-groups";

    public override string Idea => "owners of queries and of keys on wgmma, rows of the other side by bulk copies, each multiplied by terms and by rows";

    public override IReadOnlyList<GpuKernel> Kernels { get; } =
        [GroupRowFigures.Figures, .. Heads.Values.SelectMany(h => new[] { h.Queries, h.Keys })];

    public override bool Supports(in AttentionBackwardBf16Call call, Device device, [NotNullWhen(false)] out string? reason) =>
        (reason = Heads.ContainsKey(call.HeadSize) ? null : $"head size {call.HeadSize}; it serves {string.Join(", ", Heads.Keys)}") is null
        && Bf16HeadKernels.Supports(call.HeadSize, out reason, call.Qkv, call.Output, call.OutputGradient, call.QkvGradient);

    protected override void Run(GpuDevice device, in AttentionBackwardBf16Call call)
    {
        var (queries, keys) = Heads[call.HeadSize];
        var others = OthersOf(call.HeadSize);
        using var figures = device.Scratch<float>(2L * call.Dims.Batch * call.Heads * GroupRowFigures.RowsOf(call.Tokens));
        GroupRowFigures.Launch(device, in call, figures.Slice);
        var blocks = GridCover.Blocks(call.Tokens, Groups * Rows);
        var grid = new GridSize(GridCover.Blocks((long)call.Dims.Batch * call.Heads * blocks, 1));
        device.Prepare(queries)
            .With(GroupHeadTiles.Of(call.Qkv, call.Dims, Rows)).With(GroupHeadTiles.OfPlain(call.OutputGradient, call.Dims, Rows))
            .With(GroupHeadTiles.Of(call.Qkv, call.Dims, others)).With(figures.Slice).With(call.QkvGradient)
            .With(call.Tokens).With(call.Heads).With(blocks)
            .With(GpuAttentionRow.Scale(call.HeadSize)).With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
            .On(grid);
        device.Prepare(keys)
            .With(GroupHeadTiles.Of(call.Qkv, call.Dims, Rows))
            .With(GroupHeadTiles.Of(call.Qkv, call.Dims, others)).With(GroupHeadTiles.OfPlain(call.OutputGradient, call.Dims, others))
            .With(GroupRowFigures.Tiles(figures.Slice, call.Dims, others)).With(call.QkvGradient)
            .With(call.Tokens).With(call.Heads).With(blocks)
            .With(GpuAttentionRow.Scale(call.HeadSize)).With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
            .On(grid);
    }

    /// <summary>Rows of the other side at a time: as many as there are registers for beside the sums.</summary>
    private static int OthersOf(int headSize) => headSize <= Head64.Size ? Columns96.Count : Columns64.Count;

    private static (GpuKernel Queries, GpuKernel Keys) Make<T, TOthers, TScores, TChannels, TOutput>()
        where T : struct, IHeadSize
        where TOthers : struct, IGroupColumns<TScores>
        where TScores : struct
        where TChannels : struct, IGroupColumns<TOutput>
        where TOutput : struct
    {
        return (Of(QueryRows<T, TOthers, TScores, TChannels, TOutput>), Of(KeyRows<T, TOthers, TScores, TChannels, TOutput>));

        static GpuKernel Of(Delegate kernel) => new(kernel, (Groups + 1) * GroupHeadProduct.Threads)
        {
            DynamicSharedBytes = Barriers<T>(TOthers.Count) + GroupHeadBarriers.Bytes(Stages),
            MinArchitecture = PtxArchitecture.Sm90a,
            BlocksPerMultiprocessor = 1,
            Unroll = LongestLoop,
        };
    }

    /// <summary>Where the second array's rows that a group owns lie, from those of the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SecondOwn<T>() where T : struct, IHeadSize => Groups * GroupHeadTile<T>.Bytes(Rows);

    /// <summary>Where the ring begins: of each stage a tile of the first array, then one of the second.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Ring<T>() where T : struct, IHeadSize => 2 * SecondOwn<T>();

    /// <summary>Where the figures of queries lie, behind the ring; those of a stage take 8 bytes a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Figures<T>(int others) where T : struct, IHeadSize => Ring<T>() + (2 * Stages * GroupHeadTile<T>.Bytes(others));

    /// <summary>Where the barriers lie, behind all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Barriers<T>(int others) where T : struct, IHeadSize => Figures<T>(others) + (Stages * BytesOfFigures(others));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int BytesOfFigures(int others) => 2 * others * sizeof(float);

    private static void QueryRows<T, TOthers, TScores, TChannels, TOutput>(
        TensorMap own, TensorMap gradients, TensorMap others, ArrayView<float> figures, ArrayView<BFloat16> dQkv,
        int tokens, int heads, int blocks, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
        where TOthers : struct, IGroupColumns<TScores>
        where TScores : struct
        where TChannels : struct, IGroupColumns<TOutput>
        where TOutput : struct
    {
        var block = new GroupHeadBlock(tokens, blocks, heads, Groups);
        var shared = SharedAddress.OfDynamic();
        var barriers = block.Begin(shared + Barriers<T>(TOthers.Count), Stages);
        if (block.Group < 0)
        {
            RegisterLimit.DownTo24();
            if (Group.IdxX == 0)
            {
                CopyOwn<T>(shared, barriers, own, block.Head, gradients, block.Head, block);
                int stage = 0, parity = 1;
                for (var key = 0; key < tokens; key += TOthers.Count)
                {
                    var tile = shared + Ring<T>() + (2 * stage * GroupHeadTile<T>.Bytes(TOthers.Count));
                    CopyTile<T>(tile, others, TOthers.Count, key, heads + block.Head, block.Sequence, barriers.EmptyFirst(stage), barriers.First(stage), parity);
                    CopyTile<T>(
                        tile + GroupHeadTile<T>.Bytes(TOthers.Count), others, TOthers.Count, key, (2 * heads) + block.Head, block.Sequence,
                        barriers.EmptySecond(stage), barriers.Second(stage), parity);
                    Mbarrier.Next(ref stage, ref parity, Stages);
                }
            }
        }
        else
        {
            RegisterLimit.UpTo240();
            if (block.Group < block.Active)
            {
                AddKeys<T, TOthers, TScores, TChannels, TOutput>(shared, barriers, block, figures, dQkv, tokens, heads, scale, scaleOfExp2);
            }
        }
    }

    private static void KeyRows<T, TOthers, TScores, TChannels, TOutput>(
        TensorMap own, TensorMap others, TensorMap gradients, TensorMap figures, ArrayView<BFloat16> dQkv,
        int tokens, int heads, int blocks, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
        where TOthers : struct, IGroupColumns<TScores>
        where TScores : struct
        where TChannels : struct, IGroupColumns<TOutput>
        where TOutput : struct
    {
        var block = new GroupHeadBlock(tokens, blocks, heads, Groups);
        var shared = SharedAddress.OfDynamic();
        var barriers = block.Begin(shared + Barriers<T>(TOthers.Count), Stages);
        if (block.Group < 0)
        {
            RegisterLimit.DownTo24();
            if (Group.IdxX == 0)
            {
                CopyOwn<T>(shared, barriers, own, heads + block.Head, own, (2 * heads) + block.Head, block);
                int stage = 0, parity = 1;
                for (var query = 0; query < tokens; query += TOthers.Count)
                {
                    var tile = shared + Ring<T>() + (2 * stage * GroupHeadTile<T>.Bytes(TOthers.Count));
                    CopyTile<T>(tile, others, TOthers.Count, query, block.Head, block.Sequence, barriers.EmptyFirst(stage), barriers.First(stage), parity);

                    // Figures come with the second tile: they are multiplied no earlier.
                    Mbarrier.Wait(barriers.EmptySecond(stage), parity);
                    Mbarrier.ArriveExpecting(barriers.Second(stage), GroupHeadTile<T>.Bytes(TOthers.Count) + BytesOfFigures(TOthers.Count));
                    BulkCopy.Load(
                        shared + Figures<T>(TOthers.Count) + (stage * BytesOfFigures(TOthers.Count)), figures, 2 * query, block.Index, barriers.Second(stage));
                    GroupHeadTile<T>.Load(
                        tile + GroupHeadTile<T>.Bytes(TOthers.Count), gradients, TOthers.Count, query, block.Head, block.Sequence, barriers.Second(stage));
                    Mbarrier.Next(ref stage, ref parity, Stages);
                }
            }
        }
        else
        {
            RegisterLimit.UpTo240();
            if (block.Group < block.Active)
            {
                AddQueries<T, TOthers, TScores, TChannels, TOutput>(shared, barriers, block, dQkv, tokens, heads, scale, scaleOfExp2);
            }
        }
    }

    /// <summary>Starts the copies of the rows that the block owns, of both arrays.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyOwn<T>(
        int shared, GroupHeadBarriers barriers, TensorMap first, int firstHead, TensorMap second, int secondHead, GroupHeadBlock block)
        where T : struct, IHeadSize
    {
        Mbarrier.ArriveExpecting(barriers.Own, 2 * block.Active * GroupHeadTile<T>.Bytes(Rows));
        for (var group = 0; group < Scalar.Rolled(block.Active); group++)
        {
            var (to, row) = (shared + (group * GroupHeadTile<T>.Bytes(Rows)), block.Row + (group * Rows));
            GroupHeadTile<T>.Load(to, first, Rows, row, firstHead, block.Sequence, barriers.Own);
            GroupHeadTile<T>.Load(to + SecondOwn<T>(), second, Rows, row, secondHead, block.Sequence, barriers.Own);
        }
    }

    /// <summary>Starts the copy of a tile when its place is empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyTile<T>(int to, TensorMap map, int rows, int token, int head, int sequence, int empty, int full, int parity)
        where T : struct, IHeadSize
    {
        Mbarrier.Wait(empty, parity);
        Mbarrier.ArriveExpecting(full, GroupHeadTile<T>.Bytes(rows));
        GroupHeadTile<T>.Load(to, map, rows, token, head, sequence, full);
    }

    /// <summary>What a warpgroup does that owns queries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddKeys<T, TOthers, TScores, TChannels, TOutput>(
        int shared, GroupHeadBarriers barriers, GroupHeadBlock block, ArrayView<float> figures, ArrayView<BFloat16> dQkv,
        int tokens, int heads, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
        where TOthers : struct, IGroupColumns<TScores>
        where TScores : struct
        where TChannels : struct, IGroupColumns<TOutput>
        where TOutput : struct
    {
        var ofStage = 2 * GroupHeadTile<T>.Bytes(TOthers.Count) / 16;
        var own = shared + (block.Group * GroupHeadTile<T>.Bytes(Rows));
        ulong q = WarpGroup.ByTerms(own), dO = WarpGroup.ByTerms(own + SecondOwn<T>());
        ulong k = WarpGroup.ByTerms(shared + Ring<T>()), v = WarpGroup.ByTerms(shared + Ring<T>() + GroupHeadTile<T>.Bytes(TOthers.Count));
        var rows = GroupHeadTile<T>.ByRows(shared + Ring<T>(), TOthers.Count);
        var query = block.OwnRow + (Bf16HeadTile.Strip * (WarpReduce.Warp & 3)) + (WarpReduce.Lane / 4);
        var pairs = figures.Cast<Float2>().SubView((long)block.Index * GroupRowFigures.RowsOf(tokens));
        Float2 top = query < tokens ? pairs[query] : default, bottom = query + 8 < tokens ? pairs[query + 8] : default;
        Float4[] powers = new Float4[MaxBlocks], dS = new Float4[MaxBlocks];
        var p = new UInt4[MaxSteps];
        TScores s = TOthers.Zero(), dP = TOthers.Zero();
        var dQ = TChannels.Zero();
        int stage = 0, before = 0, parity = 0;
        Mbarrier.Wait(barriers.Own, 0);
        for (var key = 0; key < tokens; key += TOthers.Count)
        {
            Mbarrier.Wait(barriers.First(stage), parity);
            Mbarrier.Wait(barriers.Second(stage), parity);
            WarpGroup.Fence();
            s = GroupHeadProduct.MultiplyTransposed<T, TOthers, TScores>(s, q, k + (ulong)(uint)(stage * ofStage));
            dP = GroupHeadProduct.MultiplyTransposed<T, TOthers, TScores>(dP, dO, v + (ulong)(uint)(stage * ofStage));
            WarpGroup.Commit();
            WarpGroup.Wait0();
            GroupHeadBarriers.Free(barriers.EmptySecond(stage), true);
            GroupHeadBarriers.Free(barriers.EmptyFirst(before), key > 0);
            GroupHeadProduct.Read<TOthers, TScores>(s, powers, TOthers.Count / 8);
            GroupHeadProduct.Read<TOthers, TScores>(dP, dS, TOthers.Count / 8);
            if (tokens - key < TOthers.Count)
            {
                Bf16SoftmaxRows.Mask(powers, TOthers.Count / 8, TOthers.Count, tokens - key);
            }

            for (var b = 0; b < TOthers.Count / 8; b++)
            {
                powers[b] = Bf16GradientStrips.Powers(powers[b], scaleOfExp2, Bf16GradientStrips.OfRows(top.X, bottom.X));
                dS[b] = Bf16GradientStrips.Gradients(powers[b], dS[b], Bf16GradientStrips.OfRows(top.Y, bottom.Y));
            }

            s = GroupHeadProduct.With<TOthers, TScores>(s, powers, TOthers.Count / 8);
            dP = GroupHeadProduct.With<TOthers, TScores>(dP, dS, TOthers.Count / 8);
            GroupHeadProduct.Pack(dS, p, TOthers.Count);
            WarpGroup.Fence();
            dQ = GroupHeadProduct.AddProduct<T, TChannels, TOutput>(dQ, p, rows + (ulong)(uint)(stage * ofStage), TOthers.Count);
            WarpGroup.Commit();
            before = stage;
            Mbarrier.Next(ref stage, ref parity, Stages);
        }

        WarpGroup.Wait0();
        NamedBarrier.Meet(OwnBarrier + block.Group, GroupHeadProduct.Threads);
        var head = new GpuAttentionHead(block.Index, tokens, heads, T.Size);
        Store<T, TChannels, TOutput>(dQ, scale, block, 0, dQkv, head.Query, head.PackedWidth, tokens);
    }

    /// <summary>What a warpgroup does that owns keys: scores are transposed, keys down and queries across.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddQueries<T, TOthers, TScores, TChannels, TOutput>(
        int shared, GroupHeadBarriers barriers, GroupHeadBlock block, ArrayView<BFloat16> dQkv, int tokens, int heads, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
        where TOthers : struct, IGroupColumns<TScores>
        where TScores : struct
        where TChannels : struct, IGroupColumns<TOutput>
        where TOutput : struct
    {
        var ofStage = 2 * GroupHeadTile<T>.Bytes(TOthers.Count) / 16;
        var own = shared + (block.Group * GroupHeadTile<T>.Bytes(Rows));
        int first = shared + Ring<T>(), second = first + GroupHeadTile<T>.Bytes(TOthers.Count);
        ulong k = WarpGroup.ByTerms(own), v = WarpGroup.ByTerms(own + SecondOwn<T>());
        ulong q = WarpGroup.ByTerms(first), dO = WarpGroup.ByTerms(second);
        ulong qRows = GroupHeadTile<T>.ByRows(first, TOthers.Count), dORows = GroupHeadTile<T>.ByRows(second, TOthers.Count);
        var figures = SharedMemory.GetDynamic<Float4>().AsAligned(16).SubView(Figures<T>(TOthers.Count) / 16);
        Float4[] powers = new Float4[MaxBlocks], dS = new Float4[MaxBlocks];
        UInt4[] p = new UInt4[MaxSteps], g = new UInt4[MaxSteps];
        TScores s = TOthers.Zero(), dP = TOthers.Zero();
        TOutput dK = TChannels.Zero(), dV = TChannels.Zero();
        int stage = 0, before = 0, parity = 0;
        Mbarrier.Wait(barriers.Own, 0);
        for (var query = 0; query < tokens; query += TOthers.Count)
        {
            Mbarrier.Wait(barriers.First(stage), parity);
            WarpGroup.Fence();
            s = GroupHeadProduct.MultiplyTransposed<T, TOthers, TScores>(s, k, q + (ulong)(uint)(stage * ofStage));
            WarpGroup.Commit();
            Mbarrier.Wait(barriers.Second(stage), parity);
            dP = GroupHeadProduct.MultiplyTransposed<T, TOthers, TScores>(dP, v, dO + (ulong)(uint)(stage * ofStage));
            WarpGroup.Commit();
            WarpGroup.Wait1();

            // One lane says for all that the figures are read.
            Warp.Barrier();
            GroupHeadBarriers.Free(barriers.EmptyFirst(before), query > 0);
            GroupHeadBarriers.Free(barriers.EmptySecond(before), query > 0);
            GroupHeadProduct.Read<TOthers, TScores>(s, powers, TOthers.Count / 8);
            if (tokens - query < TOthers.Count)
            {
                Bf16SoftmaxRows.Mask(powers, TOthers.Count / 8, TOthers.Count, tokens - query);
            }

            // Two columns of a lane: the figures of two queries, side by side.
            var at = (stage * BytesOfFigures(TOthers.Count) / 16) + (WarpReduce.Lane & 3);
            for (var b = 0; b < TOthers.Count / 8; b++)
            {
                var two = figures[at + (4 * b)];
                powers[b] = Bf16GradientStrips.Powers(powers[b], scaleOfExp2, Bf16GradientStrips.OfColumns(two.X, two.Z));
            }

            s = GroupHeadProduct.With<TOthers, TScores>(s, powers, TOthers.Count / 8);
            GroupHeadProduct.Pack(powers, p, TOthers.Count);
            WarpGroup.Fence();
            dV = GroupHeadProduct.AddProduct<T, TChannels, TOutput>(dV, p, dORows + (ulong)(uint)(stage * ofStage), TOthers.Count);
            WarpGroup.Commit();
            WarpGroup.Wait1();
            GroupHeadProduct.Read<TOthers, TScores>(dP, dS, TOthers.Count / 8);
            for (var b = 0; b < TOthers.Count / 8; b++)
            {
                var two = figures[at + (4 * b)];
                dS[b] = Bf16GradientStrips.Gradients(powers[b], dS[b], Bf16GradientStrips.OfColumns(two.Y, two.W));
            }

            dP = GroupHeadProduct.With<TOthers, TScores>(dP, dS, TOthers.Count / 8);
            GroupHeadProduct.Pack(dS, g, TOthers.Count);
            WarpGroup.Fence();
            dK = GroupHeadProduct.AddProduct<T, TChannels, TOutput>(dK, g, qRows + (ulong)(uint)(stage * ofStage), TOthers.Count);
            WarpGroup.Commit();
            before = stage;
            Mbarrier.Next(ref stage, ref parity, Stages);
        }

        WarpGroup.Wait0();
        NamedBarrier.Meet(OwnBarrier + block.Group, GroupHeadProduct.Threads);
        var head = new GpuAttentionHead(block.Index, tokens, heads, T.Size);
        Store<T, TChannels, TOutput>(dK, scale, block, 0, dQkv, head.Key, head.PackedWidth, tokens);
        Store<T, TChannels, TOutput>(dV, 1f, block, SecondOwn<T>(), dQkv, head.Value, head.PackedWidth, tokens);
    }

    /// <summary>Writes a factor times the sums, through the place of rows that the group owns and all its warps have read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<T, TChannels, TOutput>(
        TOutput sums, float factor, GroupHeadBlock block, int place, ArrayView<BFloat16> x, long first, int stride, int tokens)
        where T : struct, IHeadSize
        where TChannels : struct, IGroupColumns<TOutput>
        where TOutput : struct
    {
        var blocks = new Float4[MaxChannels];
        GroupHeadProduct.Read<TChannels, TOutput>(sums, blocks, Bf16HeadTile.Chunks<T>());
        var own = Bf16HeadTile.Strip * (WarpReduce.Warp & 3);
        Bf16GradientStrips.Store<T>(
            blocks, factor, 1, GroupHeadBlock.Place(place + (block.Group * GroupHeadTile<T>.Bytes(Rows))), own, x, first, stride, block.OwnRow + own, tokens);
    }
}
