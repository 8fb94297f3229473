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
    private const int Stage = 32;

    /// <summary>A strip's fragments, or two strips' of half as many; blocks of its scores with a stage; blocks of its channels.</summary>
    private const int Fragments = 8, Scores = 2 * (Stage / 8), Sums = Bf16HeadTile.MaxBlocks;

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
        UInt4[] q = new UInt4[Fragments], dO = new UInt4[Fragments];
        FetchOwn(
            new Bf16HeadRows<T>(qkv, head.Query, head.PackedWidth, tokens), new Bf16HeadRows<T>(dOutput, head.Output, head.Width, tokens),
            ring, shared, row);
        LoadOwn<T>(q, shared, 0);
        LoadOwn<T>(dO, shared, OtherAt<T>());

        var own = WarpReduce.Warp * Bf16HeadTile.Strip * Strips<T>();
        row += own;
        float[] exponents = new float[4], d = new float[4];
        for (var i = 0; i < 2 * Strips<T>(); i++)
        {
            var query = row + (WarpReduce.Lane / 4) + (8 * i);
            exponents[i] = Load(logSumExp, head.Row, query, tokens) * GpuAttentionRow.Log2E;
            d[i] = Load(dots, head.Row, query, tokens);
        }

        var dQ = new Float4[Sums];
        Clear<T>(dQ);
        var first = row < tokens ? 0 : ring.OnlyCopy(Stage);
        for (; first + Stage <= tokens; first += Stage)
        {
            ring.Advance(Stage, first);
            AddKeys<T>(dQ, q, dO, exponents, d, shared, ring.StageOf(Stage, first), Stage, Stage, scaleOfExp2);
        }

        TensorCore.WaitForCopies();
        Group.Barrier();
        for (var at = ring.StageOf(Stage, first); first < tokens; first += Bf16HeadTile.Strip)
        {
            AddKeys<T>(dQ, q, dO, exponents, d, shared, at, Bf16HeadTile.Strip, tokens - first, scaleOfExp2);
            at += Bf16HeadTile.Strip * Bf16HeadTile.Chunks<T>();
        }

        StoreOwn<T>(dQ, scale, shared, own, dQkv, head.Query, head.PackedWidth, row, tokens);
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
        UInt4[] k = new UInt4[Fragments], v = new UInt4[Fragments];
        FetchOwn(
            new Bf16HeadRows<T>(qkv, head.Key, head.PackedWidth, tokens), new Bf16HeadRows<T>(qkv, head.Value, head.PackedWidth, tokens),
            ring, shared, row);
        LoadOwn<T>(k, shared, 0);
        LoadOwn<T>(v, shared, OtherAt<T>());

        var own = WarpReduce.Warp * Bf16HeadTile.Strip * Strips<T>();
        row += own;
        Float4[] dK = new Float4[Sums], dV = new Float4[Sums];
        Clear<T>(dK);
        Clear<T>(dV);
        var first = row < tokens ? 0 : ring.OnlyCopy(Stage);
        for (; first + Stage <= tokens; first += Stage)
        {
            // A lane has these of one of the queries.
            var exponent = Load(logSumExp, head.Row, first + WarpReduce.Lane, tokens) * GpuAttentionRow.Log2E;
            var d = Load(dots, head.Row, first + WarpReduce.Lane, tokens);
            ring.Advance(Stage, first);
            AddQueries<T>(dK, dV, k, v, exponent, d, shared, ring.StageOf(Stage, first), Stage, Stage, scaleOfExp2);
        }

        TensorCore.WaitForCopies();
        Group.Barrier();
        for (var at = ring.StageOf(Stage, first); first < tokens; first += Bf16HeadTile.Strip)
        {
            var exponent = Load(logSumExp, head.Row, first + WarpReduce.Lane, tokens) * GpuAttentionRow.Log2E;
            var d = Load(dots, head.Row, first + WarpReduce.Lane, tokens);
            AddQueries<T>(dK, dV, k, v, exponent, d, shared, at, Bf16HeadTile.Strip, tokens - first, scaleOfExp2);
            at += Bf16HeadTile.Strip * Bf16HeadTile.Chunks<T>();
        }

        if (Reloads<T>())
        {
            Warp.Barrier();
        }

        StoreOwn<T>(dK, scale, shared, own, dQkv, head.Key, head.PackedWidth, row, tokens);
        StoreOwn<T>(dV, 1f, shared, Rows<T>() + own, dQkv, head.Value, head.PackedWidth, row, tokens);
    }

    /// <summary>First chunk of the second array's rows that a block owns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int OtherAt<T>() where T : struct, IHeadSize => Rows<T>() * Bf16HeadTile.Chunks<T>();

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

    /// <summary>Reads a warp's strips of what the block owns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadOwn<T>(UInt4[] rows, ArrayView<UInt4> shared, int at) where T : struct, IHeadSize
    {
        for (var i = 0; i < Strips<T>(); i++)
        {
            Bf16HeadProduct.LoadRows<T>(
                rows, i * Bf16HeadProduct.Fragments<T>(), shared, at, ((WarpReduce.Warp * Strips<T>()) + i) * Bf16HeadTile.Strip);
        }
    }

    /// <summary>Beside two kinds of sums of the widest heads there is no room in registers for what is owned.</summary>
    private static bool Reloads<T>() where T : struct, IHeadSize => T.Size > 96;

    /// <summary>Reads a warp's strips again where they were not kept.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ReloadOwn<T>(UInt4[] rows, ArrayView<UInt4> shared, int at) where T : struct, IHeadSize
    {
        if (Reloads<T>())
        {
            LoadOwn<T>(rows, shared, at);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Clear<T>(Float4[] sums) where T : struct, IHeadSize
    {
        for (var i = 0; i < Strips<T>() * Bf16HeadTile.Chunks<T>(); i++)
        {
            sums[i] = default;
        }
    }

    /// <summary>Adds what so many keys of a stage give to dq.</summary>
    /// <param name="dQ">The sums.</param>
    /// <param name="q">The queries.</param>
    /// <param name="dO">The gradients of their results.</param>
    /// <param name="exponents">Their log-sum-exps to base two.</param>
    /// <param name="d">Their rows of D.</param>
    /// <param name="shared">Where stages lie.</param>
    /// <param name="at">The first key.</param>
    /// <param name="count">Keys, a constant: those of a stage, all of which exist, or fewer.</param>
    /// <param name="left">Keys from the first of these to the last there is.</param>
    /// <param name="scale">What makes an exponent of a score.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddKeys<T>(
        Float4[] dQ, UInt4[] q, UInt4[] dO, float[] exponents, float[] d,
        ArrayView<UInt4> shared, int at, int count, int left, float scale)
        where T : struct, IHeadSize
    {
        Float4[] p = new Float4[Scores], dP = new Float4[Scores];
        var (values, last) = (Stage * Bf16HeadTile.Chunks<T>(), at + Bf16HeadTile.AtLast<T>(0));
        var columns = at + Bf16HeadTile.AtColumns<T>(0);
        Bf16HeadProduct.MultiplyTransposed<T>(p, q, Strips<T>(), shared, columns, last, count);
        Bf16HeadProduct.MultiplyTransposed<T>(dP, dO, Strips<T>(), shared, columns + values, last + values, count);
        if (count < Stage)
        {
            Bf16SoftmaxRows.Mask(p, Strips<T>() * (count / 8), count, left);
        }

        for (var i = 0; i < Strips<T>(); i++)
        {
            for (var b = 0; b < count / 8; b++)
            {
                var (score, gradient) = (p[(i * (count / 8)) + b], dP[(i * (count / 8)) + b]);
                p[(i * (count / 8)) + b] = new()
                {
                    X = Bf16SoftmaxRows.Power(score.X, scale, exponents[2 * i]) * (gradient.X - d[2 * i]),
                    Y = Bf16SoftmaxRows.Power(score.Y, scale, exponents[2 * i]) * (gradient.Y - d[2 * i]),
                    Z = Bf16SoftmaxRows.Power(score.Z, scale, exponents[(2 * i) + 1]) * (gradient.Z - d[(2 * i) + 1]),
                    W = Bf16SoftmaxRows.Power(score.W, scale, exponents[(2 * i) + 1]) * (gradient.W - d[(2 * i) + 1]),
                };
            }
        }

        Bf16HeadProduct.AddProduct<T>(dQ, p, Strips<T>(), shared, at + Bf16HeadTile.AtRows<T>(0), last, count);
    }

    /// <summary>Adds what so many queries of a stage give to dk and dv: scores are transposed, keys down and queries across.</summary>
    /// <param name="dK">The sums of keys.</param>
    /// <param name="dV">The sums of values.</param>
    /// <param name="k">The keys.</param>
    /// <param name="v">The values.</param>
    /// <param name="exponent">The log-sum-exp to base two of this lane's query.</param>
    /// <param name="d">Its row of D.</param>
    /// <param name="shared">Where stages lie.</param>
    /// <param name="at">The first query.</param>
    /// <param name="count">Queries, a constant: those of a stage, all of which exist, or fewer.</param>
    /// <param name="left">Queries from the first of these to the last there is.</param>
    /// <param name="scale">What makes an exponent of a score.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddQueries<T>(
        Float4[] dK, Float4[] dV, UInt4[] k, UInt4[] v, float exponent, float d,
        ArrayView<UInt4> shared, int at, int count, int left, float scale)
        where T : struct, IHeadSize
    {
        Float4[] p = new Float4[Scores], dS = new Float4[Scores];
        var (gradients, last) = (Stage * Bf16HeadTile.Chunks<T>(), at + Bf16HeadTile.AtLast<T>(0));
        var (columns, rows) = (at + Bf16HeadTile.AtColumns<T>(0), at + Bf16HeadTile.AtRows<T>(0));
        ReloadOwn<T>(k, shared, 0);
        Bf16HeadProduct.MultiplyTransposed<T>(p, k, Strips<T>(), shared, columns, last, count);
        ReloadOwn<T>(v, shared, OtherAt<T>());
        Bf16HeadProduct.MultiplyTransposed<T>(dS, v, Strips<T>(), shared, columns + gradients, last + gradients, count);
        if (count < Stage)
        {
            Bf16SoftmaxRows.Mask(p, Strips<T>() * (count / 8), count, left);
        }

        for (var b = 0; b < count / 8; b++)
        {
            var column = (8 * b) + (2 * (WarpReduce.Lane & 3));
            float m0 = Warp.Shuffle(exponent, column), m1 = Warp.Shuffle(exponent, column + 1);
            float d0 = Warp.Shuffle(d, column), d1 = Warp.Shuffle(d, column + 1);
            for (var i = 0; i < Strips<T>(); i++)
            {
                var (score, gradient) = (p[(i * (count / 8)) + b], dS[(i * (count / 8)) + b]);
                score.X = Bf16SoftmaxRows.Power(score.X, scale, m0);
                score.Y = Bf16SoftmaxRows.Power(score.Y, scale, m1);
                score.Z = Bf16SoftmaxRows.Power(score.Z, scale, m0);
                score.W = Bf16SoftmaxRows.Power(score.W, scale, m1);
                p[(i * (count / 8)) + b] = score;
                dS[(i * (count / 8)) + b] = new()
                {
                    X = score.X * (gradient.X - d0),
                    Y = score.Y * (gradient.Y - d1),
                    Z = score.Z * (gradient.Z - d0),
                    W = score.W * (gradient.W - d1),
                };
            }
        }

        Bf16HeadProduct.AddProduct<T>(dV, p, Strips<T>(), shared, rows + gradients, last + gradients, count);
        Bf16HeadProduct.AddProduct<T>(dK, dS, Strips<T>(), shared, rows, last, count);
    }

    /// <summary>Writes a factor times a warp's sums, through rows of shared memory that are its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreOwn<T>(
        Float4[] sums, float factor, ArrayView<UInt4> shared, int own, ArrayView<BFloat16> x, long first, int stride, int row, int rows)
        where T : struct, IHeadSize
    {
        for (var i = 0; i < Strips<T>(); i++)
        {
            var from = i * Bf16HeadTile.Chunks<T>();
            Bf16SoftmaxRows.Scale(sums, from, Bf16HeadTile.Chunks<T>(), new Float2 { X = factor, Y = factor });
            var (tile, token) = (own + (Bf16HeadTile.Strip * i), row + (Bf16HeadTile.Strip * i));
            Bf16HeadProduct.Store<T>(sums, from, shared, tile, x, first + ((long)token * stride), stride, rows - token);
        }
    }

    /// <summary>A row's number; zero for rows that do not exist, which are not written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Load(ArrayView<float> x, long first, int row, int rows) => row < rows ? x[first + row] : 0f;
}
