using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// Short sequences with a block for a head: queries, gradients of results, keys and values are all in shared memory, each read once, where
/// <see cref="AttentionBackwardBf16V3Short"/> reads each side of a head for both blocks of the other. Warps sum dq of their queries past the
/// keys, then dk and dv of their keys past the queries, and once all is there no warp waits for another.
/// D = rowsum(dO O) is summed once for both, while copies are under way. Every row has one owner and adds in ascending order: no atomics.
/// Threads: eight warps, which take two strips of 16 rows at once; what is left of strips goes to other warps on one side than on the other,
/// so that of the 17 of 257 rows no warp has three twice. Limits: Hopper's shared memory; d of 32 or 64, up to 288 tokens; operands at
/// multiples of 16 bytes. Shared memory: 1152 rows of d, and for results two strips of two gradients for each warp, 512: 104 or 208 KiB,
/// so that of d = 32 two blocks are there at once where registers let them. Bytes: 16 L d a head. FLOPs: 14 L d per row, where 10 would do if
/// the scores changed hands.
/// </summary>
internal sealed class AttentionBackwardBf16V4WholeHead : GpuVariant<AttentionBackwardBf16Call>
{
    private const int Warps = 8;
    private const int Threads = Warps * WarpReduce.Lanes;
    private const int MaxTokens = 288;

    /// <summary>Rows for results of one gradient: two strips for each warp.</summary>
    private const int ResultRows = Warps * 2 * Bf16HeadTile.Strip;

    private static readonly Bf16HeadKernels Heads = new(
        Kernel<Head32>, PtxArchitecture.Sm90a, _ => Threads, _ => (2 * ResultRows) + (4 * MaxTokens), 0, 0);

    public override string Name => "v4-whole-head";

    public override string Idea => "a block for a head: both sides in shared memory, read once, dq past the keys, then dk and dv past the queries";

    public override IReadOnlyList<GpuKernel> Kernels => Heads.All;

    public override bool Supports(in AttentionBackwardBf16Call call, Device device, [NotNullWhen(false)] out string? reason) =>
        Bf16ShortHead.SupportsWhole(
            call.Dims, MaxTokens, out reason, call.Qkv, call.Output, call.OutputGradient, call.QkvGradient);

    protected override void Run(GpuDevice device, in AttentionBackwardBf16Call call) =>
        device.Prepare(Heads.For(call.HeadSize))
            .With(call.Qkv).With(call.Output).With(call.OutputGradient).With(call.LogSumExp).With(call.QkvGradient)
            .With(call.Tokens).With(call.Heads)
            .With(GpuAttentionRow.Scale(call.HeadSize)).With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
            .On(new GridSize(GridCover.Blocks((long)call.Dims.Batch * call.Heads, 1)));

    private static void Kernel<T>(
        ArrayView<BFloat16> qkv, ArrayView<BFloat16> output, ArrayView<BFloat16> dOutput, ArrayView<float> logSumExp,
        ArrayView<BFloat16> dQkv, int tokens, int heads, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
    {
        var shared = SharedMemory.GetDynamic<UInt4>().AsAligned(16);
        var head = new GpuAttentionHead(Grid.IdxX, tokens, heads, T.Size);
        new Bf16HeadRows<T>(qkv, head.Query, head.PackedWidth, tokens, Threads).CopyAll(shared, At<T>(0));
        new Bf16HeadRows<T>(dOutput, head.Output, head.Width, tokens, Threads).CopyAll(shared, At<T>(1));
        new Bf16HeadRows<T>(qkv, head.Key, head.PackedWidth, tokens, Threads).CopyAll(shared, At<T>(2));
        new Bf16HeadRows<T>(qkv, head.Value, head.PackedWidth, tokens, Threads).CopyAll(shared, At<T>(3));
        var dots = new Bf16RowDots(output, dOutput, logSumExp, head, tokens);
        dots.Sum<T>(0, (tokens + Bf16HeadTile.Strip - 1) / Bf16HeadTile.Strip, Warps);
        TensorCore.WaitForCopies();
        Group.Barrier();

        var strips = new Bf16StripShare(tokens, 0, 1, Warps);
        var strip = strips.First;
        for (; strip + 1 < strips.End; strip += 2)
        {
            Bf16ShortGradient.SumQueries<T>(strip, 2, Queries<T>(strip), dots, shared, dQkv, Grid.IdxX, tokens, heads, scale, scaleOfExp2);
        }

        if (strip < strips.End)
        {
            Bf16ShortGradient.SumQueries<T>(strip, 1, Queries<T>(strip), dots, shared, dQkv, Grid.IdxX, tokens, heads, scale, scaleOfExp2);
        }

        strips = new Bf16StripShare(Scalar.Anew(tokens), 0, 1, Warps, Warps - 1 - WarpReduce.Warp);
        strip = strips.First;
        for (; strip + 1 < strips.End; strip += 2)
        {
            Bf16ShortGradient.SumKeys<T>(strip, 2, Keys<T>(strip), dots, shared, dQkv, Grid.IdxX, tokens, heads, scale, scaleOfExp2);
        }

        if (strip < strips.End)
        {
            Bf16ShortGradient.SumKeys<T>(strip, 1, Keys<T>(strip), dots, shared, dQkv, Grid.IdxX, tokens, heads, scale, scaleOfExp2);
        }
    }

    /// <summary>First row of one of four arrays behind those for results: queries, gradients of results, keys, values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int RowOf(int array) => (2 * ResultRows) + (array * MaxTokens);

    /// <summary>Its first chunk.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int At<T>(int array) where T : struct, IHeadSize => RowOf(array) * Bf16HeadTile.Chunks<T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Bf16GradientPlaces Queries<T>(int strip) where T : struct, IHeadSize => Places<T>(strip, 0, 2);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Bf16GradientPlaces Keys<T>(int strip) where T : struct, IHeadSize => Places<T>(strip, 2, 0);

    /// <summary>Strips of two arrays that lie one behind the other, past two others that do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Bf16GradientPlaces Places<T>(int strip, int own, int other) where T : struct, IHeadSize => new()
    {
        Own = RowOf(own) + (Bf16HeadTile.Strip * strip),
        OwnSecond = RowOf(own + 1) + (Bf16HeadTile.Strip * strip),
        Other = At<T>(other),
        OtherSecond = MaxTokens * Bf16HeadTile.Chunks<T>(),
        Result = 2 * Bf16HeadTile.Strip * WarpReduce.Warp,
        ResultSecond = ResultRows + (2 * Bf16HeadTile.Strip * WarpReduce.Warp),
    };
}
