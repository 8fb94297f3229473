using System.Diagnostics.CodeAnalysis;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// Short sequences in one launch, without scratch memory: a block has one side of a head in shared memory whole and owns strips of 16 rows
/// of the other. Half of a head's blocks have keys and values and sum dq of their queries; the others have queries and gradients of
/// results and sum dk and dv of their keys, as <see cref="AttentionBackwardBf16V2MmaSync"/> does, but nothing is copied among the products
/// and no warp waits for another once all is there. D = rowsum(dO O) is summed by those who need it, while copies are under way.
/// Every row has one owner and adds in ascending order: no atomics. What is left behind whole stages goes 16 rows at a time.
/// Threads: four warps, or eight (d = 96, 128), which share the strips of their block evenly and take two at once (d = 32, 64) or one. Limits:
/// d of 32, 64, 72, 96 with up to 320 tokens, of 128 with up to 256; operands at multiples of 16 bytes. Shared memory: 80 KiB to 163 KiB, so
/// that on an H100 two blocks of d up to 72 are there at once; what one side leaves is for owned rows, up to 160. Bytes: 8 L d, or 12 L d
/// for keys, for the rows of a block. FLOPs: 14 L d per row, where 10 would do if the scores changed hands.
/// </summary>
internal sealed class AttentionBackwardBf16V3Short : GpuVariant<AttentionBackwardBf16Call>
{
    /// <summary>Strips that a block owns, at most.</summary>
    private const int MostStrips = 10;

    private static readonly Bf16HeadKernels Heads = new(Kernel<Head32>, Bf16ShortHead.Threads, SharedRows, 0, 0, 1, 0, 0);

    public override string Name => "v3-short";

    public override string Idea => "one launch: one side of a short sequence's head in shared memory, owners of the other side's rows, D beside copies";

    public override IReadOnlyList<GpuKernel> Kernels => Heads.All;

    public override bool Supports(in AttentionBackwardBf16Call call, Device device, [NotNullWhen(false)] out string? reason) =>
        Bf16ShortHead.Supports(call.Dims, out reason, call.Qkv, call.Output, call.OutputGradient, call.QkvGradient);

    protected override void Run(GpuDevice device, in AttentionBackwardBf16Call call)
    {
        var strips = GridCover.Blocks(call.Tokens, Bf16HeadTile.Strip);
        var room = (SharedRows(call.HeadSize) / Bf16HeadTile.Strip) - (2 * strips);
        var blocks = GridCover.Blocks(strips, Math.Min(MostStrips, room / 2));
        device.Prepare(Heads.For(call.HeadSize))
            .With(call.Qkv).With(call.Output).With(call.OutputGradient).With(call.LogSumExp).With(call.QkvGradient)
            .With(call.Tokens).With(call.Heads).With(blocks)
            .With(GpuAttentionRow.Scale(call.HeadSize)).With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
            .On(new GridSize(GridCover.Blocks(2L * call.Dims.Batch * call.Heads * blocks, 1)));
    }

    /// <summary>
    /// Rows of all four arrays together: what two blocks on an H100 have room for, or one on an A100, beside <see cref="Bf16RowDots"/>; whole
    /// heads, if they are narrow.
    /// </summary>
    private static int SharedRows(int headSize)
    {
        var bytes = ((headSize <= 72 ? 113 : 163) * 1024) - Bf16RowDots.SharedBytes;
        return Math.Min(bytes / (headSize * sizeof(ushort)) / Bf16HeadTile.Strip * Bf16HeadTile.Strip, 4 * Bf16ShortHead.MaxRows(headSize));
    }

    private static void Kernel<T>(
        ArrayView<BFloat16> qkv, ArrayView<BFloat16> output, ArrayView<BFloat16> dOutput, ArrayView<float> logSumExp,
        ArrayView<BFloat16> dQkv, int tokens, int heads, int blocks, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
    {
        var shared = SharedMemory.GetDynamic<UInt4>().AsAligned(16);
        var index = Grid.IdxX / (2 * blocks);
        var block = Grid.IdxX - (index * 2 * blocks);
        var head = new GpuAttentionHead(index, tokens, heads, T.Size);
        var threads = Bf16ShortHead.Threads(T.Size);
        Bf16HeadRows<T> q = new(qkv, head.Query, head.PackedWidth, tokens, threads), k = new(qkv, head.Key, head.PackedWidth, tokens, threads);
        Bf16HeadRows<T> v = new(qkv, head.Value, head.PackedWidth, tokens, threads), dO = new(dOutput, head.Output, head.Width, tokens, threads);
        var dots = new Bf16RowDots(output, dOutput, logSumExp, head, tokens);
        if (block < blocks)
        {
            var side = new Bf16ShortSide<T>(shared, tokens, block, blocks);
            side.Copy(q, dO, k, v);
            dots.Sum<T>(side.Strips.FirstOfBlock, side.Strips.EndOfBlock, Bf16ShortHead.Warps(T.Size));
            Bf16ShortSide<T>.Await();
            var strip = side.Strips.First;
            for (; strip + Bf16ShortGradient.StripsOfQueries<T>() <= side.Strips.End; strip += Bf16ShortGradient.StripsOfQueries<T>())
            {
                Bf16ShortGradient.SumQueries<T>(
                    strip, Bf16ShortGradient.StripsOfQueries<T>(), side.Of(strip), dots, shared, dQkv, index, tokens, heads, scale, scaleOfExp2);
            }

            if (strip < side.Strips.End)
            {
                Bf16ShortGradient.SumQueries<T>(strip, 1, side.Of(strip), dots, shared, dQkv, index, tokens, heads, scale, scaleOfExp2);
            }
        }
        else
        {
            var side = new Bf16ShortSide<T>(shared, tokens, block - blocks, blocks);
            side.Copy(k, v, q, dO);
            dots.Sum<T>(0, (tokens + Bf16HeadTile.Strip - 1) / Bf16HeadTile.Strip, Bf16ShortHead.Warps(T.Size));
            Bf16ShortSide<T>.Await();
            var strip = side.Strips.First;
            for (; strip + Bf16ShortGradient.StripsOfKeys<T>() <= side.Strips.End; strip += Bf16ShortGradient.StripsOfKeys<T>())
            {
                Bf16ShortGradient.SumKeys<T>(
                    strip, Bf16ShortGradient.StripsOfKeys<T>(), side.Of(strip), dots, shared, dQkv, index, tokens, heads, scale, scaleOfExp2);
            }

            if (strip < side.Strips.End)
            {
                Bf16ShortGradient.SumKeys<T>(strip, 1, side.Of(strip), dots, shared, dQkv, index, tokens, heads, scale, scaleOfExp2);
            }
        }
    }
}
