using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// Short sequences: all keys and values of a head are in shared memory, and warps lead its queries past them as in
/// <see cref="AttentionForwardBf16V2MmaSync"/>, without a ring: nothing is copied among the products, and no warp waits for another but
/// where a piece of 64 keys is awaited for the first time. All copies are under way at once; the first piece is multiplied while the others
/// arrive. What is left behind whole pieces goes 16 keys at a time, so 257 keys cost 272.
/// Threads: four warps, or eight (d = 96, 128). The strips of 16 queries of a head go evenly to its two blocks (one up to 160 tokens), those of
/// a block evenly to its warps, which take two at once (d up to 72) or one, and then the one that may be left: 257 queries are 9 and 8 strips.
/// Results leave through the rows of their queries. Limits: d of 32, 64, 72, 96 with up to 320 tokens, of 128 with up to 256; operands at
/// multiples of 16 bytes. Shared memory: 800 rows of d, or 640 of 128: 50 KiB to 160 KiB, so that on an H100 two blocks of d up to 72 are
/// there at once. Bytes: 4 L d for the rows of a block. FLOPs: 4 L d per row.
/// </summary>
internal sealed class AttentionForwardBf16V3Short : GpuVariant<AttentionForwardBf16Call>
{
    private static readonly Bf16HeadKernels Heads = new(Kernel<Head32>, Bf16ShortHead.Threads, SharedRows, 0, 0, 0, 0, 0);

    public override string Name => "v3-short";

    public override string Idea => "all keys and values of a short sequence's head in shared memory, no ring, warps that do not wait for each other";

    public override IReadOnlyList<GpuKernel> Kernels => Heads.All;

    public override bool Supports(in AttentionForwardBf16Call call, Device device, [NotNullWhen(false)] out string? reason) =>
        Bf16ShortHead.Supports(call.Dims, out reason, call.Qkv, call.Output);

    protected override void Run(GpuDevice device, in AttentionForwardBf16Call call)
    {
        var blocks = Bf16ShortHead.Blocks(call.Tokens, call.HeadSize);
        device.Prepare(Heads.For(call.HeadSize))
            .With(call.Qkv).With(call.Output).With(call.LogSumExp)
            .With(call.Tokens).With(call.Heads).With(blocks).With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
            .On(new GridSize(GridCover.Blocks((long)call.Dims.Batch * call.Heads * blocks, 1)));
    }

    /// <summary>Strips that a warp has at once: two where registers last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int StripsOf(int headSize) => headSize <= 72 ? 2 : 1;

    /// <summary>Queries of a block, and all keys and values.</summary>
    private static int SharedRows(int headSize) => Bf16ShortHead.OwnRows(headSize) + (2 * Bf16ShortHead.MaxRows(headSize));

    /// <summary>First chunk of the keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int KeysAt<T>() where T : struct, IHeadSize => Bf16ShortHead.OwnRows(T.Size) * Bf16HeadTile.Chunks<T>();

    private static void Kernel<T>(
        ArrayView<BFloat16> qkv, ArrayView<BFloat16> output, ArrayView<float> logSumExp,
        int tokens, int heads, int blocks, float scale)
        where T : struct, IHeadSize
    {
        var shared = SharedMemory.GetDynamic<UInt4>().AsAligned(16);
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, T.Size);
        var strips = new Bf16StripShare(tokens, Grid.IdxX - (index * blocks), blocks, Bf16ShortHead.Warps(T.Size));
        var threads = Bf16ShortHead.Threads(T.Size);
        var keys = new Bf16ResidentRows<T>(
            new(qkv, head.Key, head.PackedWidth, tokens, threads), new(qkv, head.Value, head.PackedWidth, tokens, threads),
            shared, KeysAt<T>(), tokens);
        strips.Copy(new Bf16HeadRows<T>(qkv, head.Query, head.PackedWidth, tokens, threads), shared, 0);
        keys.Fetch();

        // At most one strip is left: a loop around both would be one of products with quotients in it.
        var strip = strips.First;
        if (strip + StripsOf(T.Size) <= strips.End)
        {
            Attend(strip, StripsOf(T.Size), true, strips, keys, shared, tokens, head, output, logSumExp, scale);
            strip += StripsOf(T.Size);
        }
        else
        {
            keys.AwaitAll();
        }

        if (strip < strips.End)
        {
            Attend(strip, 1, false, strips, keys, shared, tokens, head, output, logSumExp, scale);
        }
    }

    /// <summary>Leads strips past all keys and writes their results.</summary>
    /// <param name="strip">The first of them.</param>
    /// <param name="count">How many, a constant.</param>
    /// <param name="awaits">Whether keys arrive meanwhile, a constant.</param>
    /// <param name="strips">The block's.</param>
    /// <param name="keys">Keys and values.</param>
    /// <param name="shared">Where all tiles lie.</param>
    /// <param name="tokens">Tokens of the sequence.</param>
    /// <param name="head">The head.</param>
    /// <param name="output">The result.</param>
    /// <param name="logSumExp">The log-sum-exps, or none.</param>
    /// <param name="scale">What makes an exponent of a score.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Attend<T>(
        int strip, int count, bool awaits, Bf16StripShare strips, Bf16ResidentRows<T> keys, ArrayView<UInt4> shared,
        int tokens, GpuAttentionHead head, ArrayView<BFloat16> output, ArrayView<float> logSumExp, float scale)
        where T : struct, IHeadSize
    {
        const int Keys = Bf16ShortHead.Piece;
        var own = strips.Own(strip);
        var q = new UInt4[Bf16QueryStrips.Fragments];
        float[] m = new float[4], l = new float[4];
        var o = new Float4[Bf16QueryStrips.Sums];
        if (awaits)
        {
            keys.Await();
        }

        for (var i = 0; i < count; i++)
        {
            Bf16HeadProduct.LoadRows<T>(q, i * Bf16HeadProduct.Fragments<T>(), shared, 0, own + (Bf16HeadTile.Strip * i));
        }

        Bf16QueryStrips.Begin<T>(m, l, o, count);
        var (first, at) = (0, KeysAt<T>());
        while (first + Keys <= tokens)
        {
            Bf16QueryStrips.Attend<T>(q, m, l, o, count, shared, at, Bf16ResidentRows<T>.Second, Keys, true, Keys, scale);
            first += Keys;
            at += Keys * Bf16HeadTile.Chunks<T>();
            if (awaits)
            {
                keys.Await();
            }
        }

        for (; first < tokens; first += Bf16HeadTile.Strip)
        {
            Bf16QueryStrips.Attend<T>(q, m, l, o, count, shared, at, Bf16ResidentRows<T>.Second, Bf16HeadTile.Strip, false, tokens - first, scale);
            at += Bf16HeadTile.Strip * Bf16HeadTile.Chunks<T>();
        }

        // Other lanes have read the queries whose rows are written.
        Warp.Barrier();
        for (var i = 0; i < count; i++)
        {
            var (tile, query) = (own + (Bf16HeadTile.Strip * i), Bf16HeadTile.Strip * (strip + i));
            Bf16QueryStrips.Finish<T>(o, m, l, i, shared, tile, query, tokens, head, output, logSumExp);
        }
    }
}
