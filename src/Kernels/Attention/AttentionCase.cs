namespace DPT.Engine.Kernels;

/// <summary>A proving case of attention, in fp32 or bf16: a shape and its starting values.</summary>
/// <param name="Dims">B, L, H and d.</param>
/// <param name="Fill">How qkv starts.</param>
/// <param name="Logits">The size of the largest logit; 0 as they come.</param>
internal sealed record AttentionCase(AttentionShape Dims, FillPattern Fill, double Logits)
{
    private const double Roundoff = 5.96e-8;

    public AttentionCase(int batch, int tokens, int heads, int headSize, FillPattern fill = FillPattern.Normal, double logits = 0)
        : this(new AttentionShape(batch, tokens, heads, headSize), fill, logits)
    {
    }

    private AttentionReference Reference { get; } = new(Dims);

    /// <summary>Two sums in a row: over the head for the logits, over the tokens for the result.</summary>
    private int Terms => Dims.Tokens + Dims.HeadSize;

    private Operand Qkv => Operand.In("qkv", 3 * Dims.Elements, Fill) with { HardScale = 1.0 / 64 };

    private Operand Output => Operand.Out("output", Dims.Elements, Terms);

    /// <summary>
    /// The exponential turns the absolute rounding error of a logit into a relative one. That error grows with
    /// sum |q k|, not with |sum q k|: a handful of roundings, times several where a row's largest logit is what
    /// cancellation left and was stretched (as in the cases of one token).
    /// </summary>
    private double ExtraError =>
        16 * Roundoff * (Fill == FillPattern.Large ? 3 * 80 * 80 / Math.Sqrt(Dims.HeadSize) : Logits);

    /// <summary>The forward pass.</summary>
    public KernelCase<AttentionForwardCall> Forward(bool saveLogSumExp) => new(
        Label(saveLogSumExp),
        [Qkv, Output, .. LogSumExp(saveLogSumExp)],
        m => new AttentionForwardCall
        {
            Dims = Dims,
            Qkv = m["qkv"],
            Output = m["output"],
            LogSumExp = saveLogSumExp ? m["lse"] : default,
        },
        v => Reference.Forward(v["qkv"], v["output"], saveLogSumExp ? v["lse"] : []))
    {
        Derive = Stretch,
        ExtraError = ExtraError,
    };

    /// <summary>The forward pass in bf16.</summary>
    public KernelCase<AttentionForwardBf16Call> ForwardBf16(bool saveLogSumExp) => new(
        Label(saveLogSumExp),
        [Qkv.AsBf16(), Output.AsBf16(), .. LogSumExp(saveLogSumExp)],
        m => new AttentionForwardBf16Call
        {
            Dims = Dims,
            Qkv = m.Bf16("qkv"),
            Output = m.Bf16("output"),
            LogSumExp = saveLogSumExp ? m["lse"] : default,
        },
        v => Reference.Forward(v["qkv"], v["output"], saveLogSumExp ? v["lse"] : []))
    {
        Derive = Stretch,
        ExtraError = ExtraError,
    };

    /// <summary>The gradient.</summary>
    public KernelCase<AttentionBackwardCall> Backward() => new(
        ToString(),
        [
            Qkv,
            Operand.In("output", Dims.Elements, FillPattern.Derived),
            Operand.In("doutput", Dims.Elements),
            Operand.Out("dqkv", 3 * Dims.Elements, 2 * Terms),
        ],
        m => new AttentionBackwardCall
        {
            Dims = Dims,
            Qkv = m["qkv"],
            Output = m["output"],
            OutputGradient = m["doutput"],
            QkvGradient = m["dqkv"],
        },
        v => Reference.Backward(v["qkv"], v["output"], v["doutput"], v["dqkv"]))
    {
        Derive = v =>
        {
            Stretch(v);
            Reference.Forward(v["qkv"], v["output"], logSumExp: []);
        },
        ExtraError = ExtraError,

        // sum(dO O) and the sum of P dP are the same number, and of infinite terms one is infinite and the other NaN.
        SameInfinities = false,
    };

    /// <summary>The gradient in bf16.</summary>
    public KernelCase<AttentionBackwardBf16Call> BackwardBf16() => new(
        ToString(),
        [
            Qkv.AsBf16(),
            Operand.In("output", Dims.Elements, FillPattern.Derived).AsBf16(),
            Operand.In("lse", Dims.Rows, FillPattern.Derived),
            Operand.In("doutput", Dims.Elements).AsBf16(),
            Operand.Out("dqkv", 3 * Dims.Elements, 2 * Terms).AsBf16(),
        ],
        m => new AttentionBackwardBf16Call
        {
            Dims = Dims,
            Qkv = m.Bf16("qkv"),
            Output = m.Bf16("output"),
            LogSumExp = m["lse"],
            OutputGradient = m.Bf16("doutput"),
            QkvGradient = m.Bf16("dqkv"),
        },
        v => Reference.Backward(v["qkv"], v["output"], v["doutput"], v["dqkv"]))
    {
        Derive = v =>
        {
            // What the forward pass saved is that of the numbers that the kernel sees.
            Stretch(v);
            Array.ConvertAll(v["qkv"], x => (double)BFloat16.Round((float)x).ToSingle()).CopyTo(v["qkv"], 0);
            Reference.Forward(v["qkv"], v["output"], v["lse"]);
        },
        ExtraError = ExtraError,
        SameInfinities = false,
    };

    public override string ToString() => $"{Dims} " + (Logits > 0 ? $"logits +-{Logits}" : $"{Fill}");

    private string Label(bool saveLogSumExp) => this + (saveLogSumExp ? "" : " without log-sum-exp");

    private Operand[] LogSumExp(bool isSaved) => isSaved ? [Operand.Out("lse", Dims.Rows, Terms)] : [];

    private void Stretch(CaseValues values)
    {
        if (Logits > 0)
        {
            Reference.StretchLogits(values["qkv"], Logits);
        }
    }
}
