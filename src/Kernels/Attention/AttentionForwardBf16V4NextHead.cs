using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// Short sequences as <see cref="AttentionForwardBf16V3Short"/> has them, all keys and values of a head in shared memory, but a block goes
/// from head to head: while it multiplies one's, the next one's are copied into a second place, so that of four heads only the first is
/// waited for. Nobody waits within a head.
/// Threads: nine warps, which share a head's strips of 16 queries: of the 17 of 257 queries each has two but the first, side by side in
/// registers, so that what is read of a key serves both. Queries come into registers, each once, and results leave
/// through rows of the warp's own. Eight warps copy: their rows are a multiple of eight apart.
/// Limits: Hopper, for which alone the assembler gets by with 168 registers (nine warps are three on one of four schedulers); d of 32 or 64,
/// up to 288 tokens; operands at multiples of 16 bytes. Shared memory: twice 576 rows of d and 144: 81 or 162 KiB, one block on a
/// multiprocessor. Bytes: 8 L d a head, each read once. FLOPs: 4 L d per row.
/// </summary>
internal sealed class AttentionForwardBf16V4NextHead : GpuVariant<AttentionForwardBf16Call>
{
    private const int Warps = 9;
    private const int Threads = Warps * WarpReduce.Lanes;
    private const int Copying = 8;

    /// <summary>Keys at a time: beside queries and sums of two strips there are registers for no more scores.</summary>
    private const int Keys = 32;

    /// <summary>Tokens that there is room for: two strips for each warp.</summary>
    private const int MaxTokens = 2 * Warps * Bf16HeadTile.Strip;

    /// <summary>A power of two, and more than the keys of a head with what whole pieces of them go beyond.</summary>
    private const int PlacesOfRound = 512;

    /// <summary>Heads of a block, at most: with more, fewer blocks would be left to fill the last round of a card.</summary>
    private const int MostHeads = 4;

    /// <summary>One block fits on a multiprocessor, and a large card has 132 of these.</summary>
    private const int WantedBlocks = 132;

    private static readonly Bf16HeadKernels Heads = new(
        Kernel<Head32>, PtxArchitecture.Sm90a, _ => Threads, _ => OwnRows + (4 * MaxTokens), 0, 0);

    public override string Name => "v4-next-head";

    public override string Idea => "a block goes from head to head: the next one's keys and values are copied while this one's are multiplied";

    public override IReadOnlyList<GpuKernel> Kernels => Heads.All;

    /// <summary>Rows for queries and results of all warps, a strip each, in front of all others.</summary>
    private static int OwnRows => Warps * Bf16HeadTile.Strip;

    public override bool Supports(in AttentionForwardBf16Call call, Device device, [NotNullWhen(false)] out string? reason) =>
        Bf16ShortHead.SupportsWhole(call.Dims, MaxTokens, out reason, call.Qkv, call.Output);

    protected override void Run(GpuDevice device, in AttentionForwardBf16Call call)
    {
        var heads = (long)call.Dims.Batch * call.Heads;
        var each = (int)Math.Clamp(GridCover.Blocks(heads, WantedBlocks), 1, MostHeads);
        device.Prepare(Heads.For(call.HeadSize))
            .With(call.Qkv).With(call.Output).With(call.LogSumExp)
            .With(call.Tokens).With(call.Heads).With((int)heads).With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
            .On(new GridSize(GridCover.Blocks(heads, each)));
    }

    private static void Kernel<T>(
        ArrayView<BFloat16> qkv, ArrayView<BFloat16> output, ArrayView<float> logSumExp, int tokens, int heads, int count, float scale)
        where T : struct, IHeadSize
    {
        var shared = SharedMemory.GetDynamic<UInt4>().AsAligned(16);
        // What follows from numbers that come anew is not kept from head to head: of registers there are as many as the products need.
        Fetch<T>(qkv, shared, 0, count, heads, tokens);
        for (var round = 0; HeadOf(round) < count; round++)
        {
            Fetch<T>(qkv, shared, round + 1, count, Scalar.Anew(heads), Scalar.Anew(tokens));
            TensorCore.WaitForAllCopiesButOneGroup();
            Group.Barrier();
            var strips = StripsAnew(tokens);
            if (strips.End - strips.First > 1)
            {
                round = Attend<T>(round, 2, shared, qkv, tokens, heads, output, logSumExp, scale);
            }
            else if (strips.End > strips.First)
            {
                round = Attend<T>(round, 1, shared, qkv, tokens, heads, output, logSumExp, scale);
            }

            // All have read what is overwritten next.
            Group.Barrier();
        }
    }

    /// <summary>The warp's share of a head's strips.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Bf16StripShare StripsAnew(int tokens) => new(Scalar.Anew(tokens), 0, 1, Warps);

    /// <summary>The head of the block that comes in a round: neighbours of it are with other blocks at the same time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int HeadOf(int round) => Grid.IdxX + (round * Grid.DimX);

    /// <summary>The key of a place: rounds of <see cref="PlacesOfRound"/> places each, one for each key that a head can have.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int KeyOf(int place) => place & (PlacesOfRound - 1);

    /// <summary>Its first chunk: keys of a head are in one of two parts of shared memory in turn.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int At<T>(int place) where T : struct, IHeadSize =>
        ((OwnRows + KeyOf(place)) * Bf16HeadTile.Chunks<T>()) + ((place & PlacesOfRound) / PlacesOfRound * 2 * Values<T>());

    /// <summary>Chunks from a key to its value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Values<T>() where T : struct, IHeadSize => MaxTokens * Bf16HeadTile.Chunks<T>();

    /// <summary>Starts this thread's copies of a head's keys and values, as a group; an empty one behind the last head.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch<T>(ArrayView<BFloat16> qkv, ArrayView<UInt4> shared, int round, int count, int heads, int tokens)
        where T : struct, IHeadSize
    {
        if (HeadOf(round) < count && WarpReduce.Warp < Copying)
        {
            var (head, at) = (new GpuAttentionHead(HeadOf(round), tokens, heads, T.Size), At<T>(round * PlacesOfRound));
            const int CopyingThreads = Copying * WarpReduce.Lanes;
            new Bf16HeadRows<T>(qkv, head.Key, head.PackedWidth, tokens, CopyingThreads).CopyAll(shared, at);
            new Bf16HeadRows<T>(qkv, head.Value, head.PackedWidth, tokens, CopyingThreads).CopyAll(shared, at + Values<T>());
        }

        TensorCore.CommitCopies();
    }

    /// <summary>Leads the warp's strips past all keys and writes their results.</summary>
    /// <returns>The round, which has not been kept.</returns>
    /// <param name="round">The head's.</param>
    /// <param name="count">How many strips, a constant.</param>
    /// <param name="shared">Where all tiles lie.</param>
    /// <param name="qkv">The queries.</param>
    /// <param name="tokens">Tokens of the sequence.</param>
    /// <param name="heads">Heads of a sequence.</param>
    /// <param name="output">The result.</param>
    /// <param name="logSumExp">The log-sum-exps, or none.</param>
    /// <param name="scale">What makes an exponent of a score.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Attend<T>(
        int round, int count, ArrayView<UInt4> shared, ArrayView<BFloat16> qkv,
        int tokens, int heads, ArrayView<BFloat16> output, ArrayView<float> logSumExp, float scale)
        where T : struct, IHeadSize
    {
        var head = new GpuAttentionHead(HeadOf(round), Scalar.Anew(tokens), Scalar.Anew(heads), T.Size);
        var strip = StripsAnew(tokens).First;
        var q = new UInt4[Bf16QueryStrips.Fragments];
        float[] m = new float[4], l = new float[4];
        var o = new Float4[Bf16QueryStrips.Sums];
        for (var i = 0; i < count; i++)
        {
            if (i > 0)
            {
                // Other lanes have read the rows that are written.
                Warp.Barrier();
            }

            var query = Bf16HeadTile.Strip * (strip + i);
            Bf16HeadProduct.FetchRows<T>(
                q, i * Bf16HeadProduct.Fragments<T>(), shared, Bf16HeadTile.Strip * WarpReduce.Warp,
                qkv, head.Query + ((long)query * head.PackedWidth), head.PackedWidth, tokens - query);
        }

        Bf16QueryStrips.Begin<T>(m, l, o, count);
        // One register has both the round and the key.
        var place = round * PlacesOfRound;
        for (; KeyOf(place) + Keys <= tokens; place += Keys)
        {
            Bf16QueryStrips.Attend<T>(q, m, l, o, count, shared, At<T>(place), Values<T>(), Keys, true, Keys, scale);
        }

        for (; KeyOf(place) < tokens; place += Bf16HeadTile.Strip)
        {
            Bf16QueryStrips.Attend<T>(
                q, m, l, o, count, shared, At<T>(place), Values<T>(), Bf16HeadTile.Strip, false, tokens - KeyOf(place), scale);
        }

        round = place / PlacesOfRound;
        head = new GpuAttentionHead(HeadOf(round), Scalar.Anew(tokens), Scalar.Anew(heads), T.Size);
        strip = StripsAnew(tokens).First;
        for (var i = 0; i < count; i++)
        {
            // Other lanes have read the rows that are written.
            Warp.Barrier();
            var query = Bf16HeadTile.Strip * (strip + i);
            Bf16QueryStrips.Finish<T>(o, m, l, i, shared, Bf16HeadTile.Strip * WarpReduce.Warp, query, tokens, head, output, logSumExp);
        }

        return round;
    }
}
