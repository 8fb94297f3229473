using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over the keys on tensor cores (Dao et al. 2022): a warp keeps its queries as fragments in registers, its scores, their
/// powers of two and the result beside them; nothing of a row changes hands but its largest score. Powers are rounded to bf16 where
/// they are multiplied with V, and are fp32 in their sum. Keys and values come 64 at a time through a ring of two stages, copied
/// asynchronously one stage ahead; what is left behind whole stages goes 16 keys at a time, so 257 keys cost 272.
/// Threads: four warps of 32 query rows each (d = 32, 64), so that a fragment of keys or values is multiplied four times, or of 16,
/// whose sums are wider. Warps without a row copy and wait. Limits: d of 32, 64, 72, 96, 128; operands at multiples of 16 bytes.
/// Shared memory: 256 rows of d, 16 KiB to 64 KiB. Bytes: 4 L d for 128 or 64
/// rows. FLOPs: 4 L d per row.
/// </summary>
internal sealed class AttentionForwardBf16V2MmaSync : GpuVariant<AttentionForwardBf16Call>
{
    /// <summary>Keys of a stage.</summary>
    private const int Keys = Bf16QueryStrips.Keys;

    /// <summary>Rows of shared memory: keys and values of two stages.</summary>
    private const int SharedRows = 4 * Keys;

    private static readonly Bf16HeadKernels Heads = new(Kernel<Head32>, _ => SharedRows, 2, 2, 3, 0, 2);

    public override string Name => "v2-mma-sync";

    public override string Idea => "one pass on tensor cores by mma.sync, scores in registers only, keys and values one stage ahead";

    public override IReadOnlyList<GpuKernel> Kernels => Heads.All;

    public override bool Supports(in AttentionForwardBf16Call call, Device device, [NotNullWhen(false)] out string? reason) =>
        Bf16HeadKernels.Supports(call.HeadSize, out reason, call.Qkv, call.Output);

    protected override void Run(GpuDevice device, in AttentionForwardBf16Call call)
    {
        var blocks = GridCover.Blocks(call.Tokens, Bf16HeadTile.Warps * Bf16HeadTile.Strip * StripsOf(call.HeadSize));
        device.Prepare(Heads.For(call.HeadSize))
            .With(call.Qkv).With(call.Output).With(call.LogSumExp)
            .With(call.Tokens).With(call.Heads).With(blocks).With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
            .On(new GridSize(GridCover.Blocks((long)call.Dims.Batch * call.Heads * blocks, 1)));
    }

    /// <summary>Strips of 16 rows that a warp has: two where registers last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int StripsOf(int headSize) => headSize <= 64 ? 2 : 1;

    private static void Kernel<T>(
        ArrayView<BFloat16> qkv, ArrayView<BFloat16> output, ArrayView<float> logSumExp,
        int tokens, int heads, int blocks, float scale)
        where T : struct, IHeadSize
    {
        var shared = SharedMemory.GetDynamic<UInt4>().AsAligned(16);
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, T.Size);
        var strips = StripsOf(T.Size);
        var rowsOfBlock = Bf16HeadTile.Warps * Bf16HeadTile.Strip * strips;
        var row = (Grid.IdxX - (index * blocks)) * rowsOfBlock;
        var ring = new Bf16HeadRing<T>(
            new(qkv, head.Key, head.PackedWidth, tokens), new(qkv, head.Value, head.PackedWidth, tokens), shared, 0, tokens);

        // Queries pass through the second stage, which is filled last.
        new Bf16HeadRows<T>(qkv, head.Query, head.PackedWidth, tokens).Copy(shared, ring.StageOf(Keys, Keys), rowsOfBlock, row);
        TensorCore.CommitCopies();
        ring.Fetch(Keys, 0);
        TensorCore.CommitCopies();
        TensorCore.WaitForAllCopiesButOneGroup();
        Group.Barrier();

        var own = WarpReduce.Warp * Bf16HeadTile.Strip * strips;
        var q = new UInt4[Bf16QueryStrips.Fragments];
        for (var i = 0; i < strips; i++)
        {
            Bf16HeadProduct.LoadRows<T>(
                q, i * Bf16HeadProduct.Fragments<T>(), shared, ring.StageOf(Keys, Keys), own + (Bf16HeadTile.Strip * i));
        }

        float[] m = new float[4], l = new float[4];
        var o = new Float4[Bf16QueryStrips.Sums];
        Bf16QueryStrips.Begin<T>(m, l, o, strips);

        row += own;
        var values = Keys * Bf16HeadTile.Chunks<T>();
        var first = row < tokens ? 0 : ring.OnlyCopy(Keys);
        for (; first + Keys <= tokens; first += Keys)
        {
            ring.Advance(Keys, first);
            Bf16QueryStrips.Attend<T>(q, m, l, o, strips, shared, ring.StageOf(Keys, first), values, Keys, true, Keys, scale);
        }

        TensorCore.WaitForCopies();
        Group.Barrier();
        for (var at = ring.StageOf(Keys, first); first < tokens; first += Bf16HeadTile.Strip)
        {
            Bf16QueryStrips.Attend<T>(q, m, l, o, strips, shared, at, values, Bf16HeadTile.Strip, false, tokens - first, scale);
            at += Bf16HeadTile.Strip * Bf16HeadTile.Chunks<T>();
        }

        Group.Barrier();
        for (var i = 0; i < strips; i++)
        {
            var (tile, query) = (own + (Bf16HeadTile.Strip * i), row + (Bf16HeadTile.Strip * i));
            Bf16QueryStrips.Finish<T>(o, m, l, i, shared, tile, query, tokens, head, output, logSumExp);
        }
    }
}
