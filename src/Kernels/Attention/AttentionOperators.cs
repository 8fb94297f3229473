namespace DPT.Engine.Kernels;

/// <summary>Attention: its variants, best first, and the cases that prove them.</summary>
public static class AttentionOperators
{
    private const double Roundoff = 5.96e-8;

    /// <summary>Heads for one vector of any width and a part of another.</summary>
    private static readonly Case ManyHeads = new(3, 17, 6, 24);

    /// <summary>Heads that do not fill a tile of the GPU, narrow and wide ones for each tile, with others beside them.</summary>
    private static readonly Case[] NarrowHeads =
    [
        new(1, 33, 3, 4), new(1, 33, 2, 20), new(1, 65, 2, 20), new(2, 17, 4, 24), new(1, 1, 3, 28),
        new(1, 33, 3, 36), new(1, 65, 2, 40),
        new(1, 17, 2, 68), new(1, 65, 2, 68),
        new(1, 17, 2, 76), new(1, 65, 2, 76),
        new(1, 17, 2, 100), new(1, 1, 3, 100), new(1, 33, 2, 124), new(1, 65, 2, 124),
    ];

    private static readonly Case[] Cases =
    [
        new(1, 1, 1, 1), new(2, 1, 2, 8), new(1, 2, 1, 31), new(2, 17, 2, 32), new(1, 18, 3, 33), new(2, 65, 1, 64),
        new(1, 66, 2, 32), new(1, 67, 1, 72), new(1, 257, 1, 64), new(1, 5, 1, 256), new(1, 129, 1, 1),
        new(1, 40, 2, 96), new(1, 35, 1, 128),
        new(1, 33, 2, 32, logits: 80), new(2, 18, 1, 8, logits: 80), new(1, 1, 1, 8, logits: 80),
        new(1, 20, 2, 16, FillPattern.Large), new(1, 20, 2, 16, FillPattern.Constant),
        new(1, 20, 1, 16, FillPattern.Tiny), new(1, 20, 1, 16, FillPattern.Zero),
        ManyHeads, new(4, 18, 4, 32), new(5, 1, 2, 1), new(9, 5, 1, 3), new(2, 40, 5, 8), new(2, 4, 8, 17),
        new(3, 18, 4, 8, logits: 80), new(4, 7, 2, 16, FillPattern.Large), new(4, 7, 2, 16, FillPattern.Constant),
        new(4, 7, 2, 16, FillPattern.Tiny), new(4, 7, 2, 16, FillPattern.Zero),
        .. NarrowHeads,
    ];

    /// <summary>A U-ViT-S on images of 32 x 32 and on latents of 256 x 256, patches of 2.</summary>
    private static readonly Case[] BenchShapes = [new(16, 257, 8, 64), new(4, 1025, 8, 64)];

    /// <summary>O = softmax(Q K^T / sqrt(d)) V.</summary>
    public static Operator<AttentionForwardCall> Forward { get; } = new(
        "attention.forward",
        ForwardCases,
        new AttentionForwardHostV3Lanes(),
        new AttentionForwardHostV2Tiles(),
        new AttentionForwardHostV1Naive(),
        new AttentionForwardV3OnlineSoftmax(),
        new AttentionForwardV2SharedTiles(),
        new AttentionForwardV1Naive())
    {
        BenchCases = () => BenchShapes.Select(c => ForwardCase(c, saveLogSumExp: true)),
    };

    /// <summary>Gradient of <see cref="Forward"/> with respect to the packed qkv.</summary>
    public static Operator<AttentionBackwardCall> Backward { get; } = new(
        "attention.backward",
        BackwardCases,
        new AttentionBackwardHostV3Lanes(),
        new AttentionBackwardHostV2Tiles(),
        new AttentionBackwardHostV1Naive(),
        new AttentionBackwardV2Recompute(),
        new AttentionBackwardV1Naive())
    {
        BenchCases = () => BenchShapes.Select(BackwardCase),
    };

    private static IEnumerable<KernelCase> ForwardCases() =>
        [
            .. Cases.Select(c => ForwardCase(c, saveLogSumExp: true)),
            ForwardCase(Cases[3], saveLogSumExp: false), ForwardCase(ManyHeads, saveLogSumExp: false),
        ];

    /// <remarks>With logits of thousands the gradient is a difference of terms that dwarf it.</remarks>
    private static IEnumerable<KernelCase> BackwardCases() =>
        Cases.Where(c => c.Fill != FillPattern.Large).Select(BackwardCase);

    private static KernelCase<AttentionForwardCall> ForwardCase(Case c, bool saveLogSumExp) => new(
        c + (saveLogSumExp ? "" : " without log-sum-exp"),
        [
            c.Qkv,
            Operand.Out("output", c.Dims.Elements, c.Terms),
            .. saveLogSumExp ? [Operand.Out("lse", c.Dims.Rows, c.Terms)] : Array.Empty<Operand>(),
        ],
        m => new AttentionForwardCall
        {
            Dims = c.Dims,
            Qkv = m["qkv"],
            Output = m["output"],
            LogSumExp = saveLogSumExp ? m["lse"] : default,
        },
        v => c.Reference.Forward(v["qkv"], v["output"], saveLogSumExp ? v["lse"] : []))
    {
        Derive = c.Stretch,
        ExtraError = c.ExtraError,
    };

    private static KernelCase<AttentionBackwardCall> BackwardCase(Case c) => new(
        c.ToString(),
        [
            c.Qkv,
            Operand.In("output", c.Dims.Elements, FillPattern.Derived),
            Operand.In("doutput", c.Dims.Elements),
            Operand.Out("dqkv", 3 * c.Dims.Elements, 2 * c.Terms),
        ],
        m => new AttentionBackwardCall
        {
            Dims = c.Dims,
            Qkv = m["qkv"],
            Output = m["output"],
            OutputGradient = m["doutput"],
            QkvGradient = m["dqkv"],
        },
        v => c.Reference.Backward(v["qkv"], v["output"], v["doutput"], v["dqkv"]))
    {
        Derive = v =>
        {
            c.Stretch(v);
            c.Reference.Forward(v["qkv"], v["output"], logSumExp: []);
        },
        ExtraError = c.ExtraError,

        // sum(dO O) and the sum of P dP are the same number, and of infinite terms one is infinite and the other NaN.
        SameInfinities = false,
    };

    /// <summary>A shape and its starting values; <c>Logits</c> is the size of the largest, 0 as they come.</summary>
    private sealed record Case(AttentionShape Dims, FillPattern Fill, double Logits)
    {
        public Case(
            int batch, int tokens, int heads, int headSize, FillPattern fill = FillPattern.Normal, double logits = 0)
            : this(new AttentionShape(batch, tokens, heads, headSize), fill, logits)
        {
        }

        public AttentionReference Reference { get; } = new(Dims);

        /// <summary>Two sums in a row: over the head for the logits, over the tokens for the result.</summary>
        public int Terms => Dims.Tokens + Dims.HeadSize;

        public Operand Qkv => Operand.In("qkv", 3 * Dims.Elements, Fill) with { HardScale = 1.0 / 64 };

        /// <summary>
        /// The exponential turns the absolute rounding error of a logit into a relative one. That error grows with
        /// sum |q k|, not with |sum q k|: a handful of roundings, times several where a row's largest logit is what
        /// cancellation left and was stretched (as in the cases of one token).
        /// </summary>
        public double ExtraError =>
            16 * Roundoff * (Fill == FillPattern.Large ? 3 * 80 * 80 / Math.Sqrt(Dims.HeadSize) : Logits);

        public void Stretch(CaseValues values)
        {
            if (Logits > 0)
            {
                Reference.StretchLogits(values["qkv"], Logits);
            }
        }

        public override string ToString() => $"{Dims} " + (Logits > 0 ? $"logits +-{Logits}" : $"{Fill}");
    }
}
