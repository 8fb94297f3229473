using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// Three launches on tensor cores: D = rowsum(dO O); blocks that own query rows sum dq over the keys; blocks that own key rows sum dk
/// and dv over the queries, with scores transposed, so that what a product leaves in a lane is again what the next one takes from it.
/// Both compute P = exp2(S - log-sum-exp) again, in registers, and dS = P (dP - D); both are rounded to bf16 where they are multiplied.
/// Every row has one owner and adds in ascending order: no atomics. What a warp owns stays in shared memory and, as fragments, in
/// registers; the rest comes 32 rows at a time through a ring of two stages, what is left 16 at a time.
/// Threads: four warps of 32 rows each (d = 32) or 16. Limits: d of 32, 64, 72, 96, 128; operands at multiples of 16 bytes. Shared
/// memory: 256 rows of d, or 384 of 32: 24 KiB to 64 KiB. Bytes: 8 L d for 64 or 128 rows, twice. FLOPs: 14 L d per row, where 10
/// would do if the scores were kept.
/// </summary>
internal sealed class AttentionBackwardBf16V2MmaSync : GpuVariant<AttentionBackwardBf16Call>
{
    /// <summary>Rows of a stage.</summary>
    private const int Stage = Bf16GradientStrips.Stage;

    private static readonly Bf16HeadKernels QueryKernels = new(QueryRows<Head32>, SharedRows, 0, 3, 0, 2, 0);
    private static readonly Bf16HeadKernels KeyKernels = new(KeyRows<Head32>, SharedRows, 0, 0, 0, 0, 2);

    public override string Name => "v2-mma-sync";

    public override string Idea => "tiles computed again on tensor cores; owners of queries sum dq, owners of keys dk and dv; no atomics";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [AttentionRowDotsBf16.Dots, .. QueryKernels.All, .. KeyKernels.All];

    public override bool Supports(in AttentionBackwardBf16Call call, Device device, [NotNullWhen(false)] out string? reason) =>
        Bf16HeadKernels.Supports(call.HeadSize, out reason, call.Qkv, call.Output, call.OutputGradient, call.QkvGradient);

    protected override void Run(GpuDevice device, in AttentionBackwardBf16Call call)
    {
        using var dots = device.Scratch<float>(call.Dims.Rows);
        AttentionRowDotsBf16.Launch(device, in call, dots.Slice);
        Launch(device, QueryKernels, in call, dots.Slice);
        Launch(device, KeyKernels, in call, dots.Slice);
    }

    private static void Launch(GpuDevice device, Bf16HeadKernels kernels, in AttentionBackwardBf16Call call, Slice<float> dots)
    {
        var blocks = GridCover.Blocks(call.Tokens, RowsOf(call.HeadSize));
        device.Prepare(kernels.For(call.HeadSize))
            .With(call.Qkv).With(call.OutputGradient).With(call.LogSumExp).With(dots).With(call.QkvGradient)
            .With(call.Tokens).With(call.Heads).With(blocks)
            .With(GpuAttentionRow.Scale(call.HeadSize)).With(GpuAttentionRow.ScaleOfExp2(call.HeadSize))
            .On(new GridSize(GridCover.Blocks((long)call.Dims.Batch * call.Heads * blocks, 1)));
    }

    /// <summary>Strips of 16 rows that a warp has: two where registers last.</summary>
    private static int StripsOf(int headSize) => headSize <= 32 ? 2 : 1;

    /// <summary>Rows that a block owns.</summary>
    private static int RowsOf(int headSize) => Bf16HeadTile.Warps * Bf16HeadTile.Strip * StripsOf(headSize);

    /// <summary>Those of two arrays, and two stages of two others.</summary>
    private static int SharedRows(int headSize) => (2 * RowsOf(headSize)) + (4 * Stage);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Strips<T>() where T : struct, IHeadSize => StripsOf(T.Size);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Rows<T>() where T : struct, IHeadSize => RowsOf(T.Size);

    private static void QueryRows<T>(
        ArrayView<BFloat16> qkv, ArrayView<BFloat16> dOutput, ArrayView<float> logSumExp, ArrayView<float> dots, ArrayView<BFloat16> dQkv,
        int tokens, int heads, int blocks, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
    {
        var shared = SharedMemory.GetDynamic<UInt4>().AsAligned(16);
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, T.Size);
        var row = (Grid.IdxX - (index * blocks)) * Rows<T>();
        var ring = new Bf16HeadRing<T>(
            new(qkv, head.Key, head.PackedWidth, tokens), new(qkv, head.Value, head.PackedWidth, tokens), shared, RingAt<T>(), tokens);
        UInt4[] q = new UInt4[Bf16GradientStrips.Fragments], dO = new UInt4[Bf16GradientStrips.Fragments];
        FetchOwn(
            new Bf16HeadRows<T>(qkv, head.Query, head.PackedWidth, tokens), new Bf16HeadRows<T>(dOutput, head.Output, head.Width, tokens),
            ring, shared, row);

        var own = WarpReduce.Warp * Bf16HeadTile.Strip * Strips<T>();
        Bf16GradientStrips.Load<T>(q, Strips<T>(), shared, 0, own);
        Bf16GradientStrips.Load<T>(dO, Strips<T>(), shared, OtherAt<T>(), own);
        row += own;
        float[] exponents = new float[4], d = new float[4];
        for (var i = 0; i < 2 * Strips<T>(); i++)
        {
            var query = row + (WarpReduce.Lane / 4) + (8 * i);
            exponents[i] = Load(logSumExp, head.Row, query, tokens) * GpuAttentionRow.Log2E;
            d[i] = Load(dots, head.Row, query, tokens);
        }

        var dQ = new Float4[Bf16GradientStrips.Sums];
        Bf16GradientStrips.Clear<T>(dQ, Strips<T>());
        var first = row < tokens ? 0 : ring.OnlyCopy(Stage);
        for (; first + Stage <= tokens; first += Stage)
        {
            ring.Advance(Stage, first);
            Bf16GradientStrips.AddKeys<T>(
                dQ, q, dO, exponents, d, Strips<T>(), shared, ring.StageOf(Stage, first), SecondOfStage<T>(), Stage, true, Stage, scaleOfExp2);
        }

        TensorCore.WaitForCopies();
        Group.Barrier();
        for (var at = ring.StageOf(Stage, first); first < tokens; first += Bf16HeadTile.Strip)
        {
            Bf16GradientStrips.AddKeys<T>(
                dQ, q, dO, exponents, d, Strips<T>(), shared, at, SecondOfStage<T>(), Bf16HeadTile.Strip, false, tokens - first, scaleOfExp2);
            at += Bf16HeadTile.Strip * Bf16HeadTile.Chunks<T>();
        }

        Bf16GradientStrips.Store<T>(dQ, scale, Strips<T>(), shared, own, dQkv, head.Query, head.PackedWidth, row, tokens);
    }

    private static void KeyRows<T>(
        ArrayView<BFloat16> qkv, ArrayView<BFloat16> dOutput, ArrayView<float> logSumExp, ArrayView<float> dots, ArrayView<BFloat16> dQkv,
        int tokens, int heads, int blocks, float scale, float scaleOfExp2)
        where T : struct, IHeadSize
    {
        var shared = SharedMemory.GetDynamic<UInt4>().AsAligned(16);
        var index = Grid.IdxX / blocks;
        var head = new GpuAttentionHead(index, tokens, heads, T.Size);
        var row = (Grid.IdxX - (index * blocks)) * Rows<T>();
        var ring = new Bf16HeadRing<T>(
            new(qkv, head.Query, head.PackedWidth, tokens), new(dOutput, head.Output, head.Width, tokens), shared, RingAt<T>(), tokens);
        UInt4[] k = new UInt4[Bf16GradientStrips.Fragments], v = new UInt4[Bf16GradientStrips.Fragments];
        FetchOwn(
            new Bf16HeadRows<T>(qkv, head.Key, head.PackedWidth, tokens), new Bf16HeadRows<T>(qkv, head.Value, head.PackedWidth, tokens),
            ring, shared, row);

        var own = WarpReduce.Warp * Bf16HeadTile.Strip * Strips<T>();
        Bf16GradientStrips.Load<T>(k, Strips<T>(), shared, 0, own);
        Bf16GradientStrips.Load<T>(v, Strips<T>(), shared, OtherAt<T>(), own);
        row += own;
        Float4[] dK = new Float4[Bf16GradientStrips.Sums], dV = new Float4[Bf16GradientStrips.Sums];
        Bf16GradientStrips.Clear<T>(dK, Strips<T>());
        Bf16GradientStrips.Clear<T>(dV, Strips<T>());
        var first = row < tokens ? 0 : ring.OnlyCopy(Stage);
        for (; first + Stage <= tokens; first += Stage)
        {
            // A lane has these of one of the queries.
            var exponent = Load(logSumExp, head.Row, first + WarpReduce.Lane, tokens) * GpuAttentionRow.Log2E;
            var d = Load(dots, head.Row, first + WarpReduce.Lane, tokens);
            ring.Advance(Stage, first);
            Bf16GradientStrips.AddQueries<T>(
                dK, dV, k, v, exponent, d, Strips<T>(), shared, own, Rows<T>() + own,
                ring.StageOf(Stage, first), SecondOfStage<T>(), Stage, true, Stage, scaleOfExp2);
        }

        TensorCore.WaitForCopies();
        Group.Barrier();
        for (var at = ring.StageOf(Stage, first); first < tokens; first += Bf16HeadTile.Strip)
        {
            var exponent = Load(logSumExp, head.Row, first + WarpReduce.Lane, tokens) * GpuAttentionRow.Log2E;
            var d = Load(dots, head.Row, first + WarpReduce.Lane, tokens);
            Bf16GradientStrips.AddQueries<T>(
                dK, dV, k, v, exponent, d, Strips<T>(), shared, own, Rows<T>() + own,
                at, SecondOfStage<T>(), Bf16HeadTile.Strip, false, tokens - first, scaleOfExp2);
            at += Bf16HeadTile.Strip * Bf16HeadTile.Chunks<T>();
        }

        if (Bf16GradientStrips.Reloads<T>())
        {
            Warp.Barrier();
        }

        Bf16GradientStrips.Store<T>(dK, scale, Strips<T>(), shared, own, dQkv, head.Key, head.PackedWidth, row, tokens);
        Bf16GradientStrips.Store<T>(dV, 1f, Strips<T>(), shared, Rows<T>() + own, dQkv, head.Value, head.PackedWidth, row, tokens);
    }

    /// <summary>First chunk of the second array's rows that a block owns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int OtherAt<T>() where T : struct, IHeadSize => Rows<T>() * Bf16HeadTile.Chunks<T>();

    /// <summary>From a row of a stage to that of the second array.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SecondOfStage<T>() where T : struct, IHeadSize => Stage * Bf16HeadTile.Chunks<T>();

    /// <summary>First chunk of the ring.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int RingAt<T>() where T : struct, IHeadSize => 2 * OtherAt<T>();

    /// <summary>Copies the rows that a block owns and the first stage.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FetchOwn<T>(
        Bf16HeadRows<T> rows, Bf16HeadRows<T> others, Bf16HeadRing<T> ring, ArrayView<UInt4> shared, int row)
        where T : struct, IHeadSize
    {
        rows.Copy(shared, 0, Rows<T>(), row);
        others.Copy(shared, OtherAt<T>(), Rows<T>(), row);
        TensorCore.CommitCopies();
        ring.Fetch(Stage, 0);
        TensorCore.CommitCopies();
        TensorCore.WaitForAllCopiesButOneGroup();
        Group.Barrier();
    }

    /// <summary>A row's number; zero for rows that do not exist, which are not written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Load(ArrayView<float> x, long first, int row, int rows) => row < rows ? x[first + row] : 0f;
}
