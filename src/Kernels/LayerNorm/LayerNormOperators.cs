namespace DPT.Engine.Kernels;

/// <summary>Layer normalisation: its variants, best first, and the cases that prove them.</summary>
public static class LayerNormOperators
{
    private static readonly (int Rows, int Width)[] Shapes =
        [(1, 1), (1, 7), (3, 16), (5, 17), (2, 31), (64, 32), (65, 33), (130, 128), (7, 257), (2, 1152)];

    /// <summary>Normalises rows.</summary>
    public static Operator<LayerNormForwardCall> Forward { get; } =
        new("layernorm.forward", ForwardCases, new LayerNormForwardHostV1Simd());

    private static IEnumerable<KernelCase> ForwardCases()
    {
        foreach (var (rows, width) in Shapes)
        {
            yield return ForwardCase(rows, width, width, FillPattern.Normal);
        }

        yield return ForwardCase(5, 24, 3 * 24, FillPattern.Normal);
        yield return ForwardCase(4, 20, 20, FillPattern.Constant);
        yield return ForwardCase(4, 20, 20, FillPattern.Large);
        yield return ForwardCase(4, 20, 20, FillPattern.Tiny);
    }

    private static KernelCase<LayerNormForwardCall> ForwardCase(int rows, int width, int stride, FillPattern fill) => new(
        $"rows={rows} width={width} stride={stride} {fill}",
        [
            Operand.In("x", ((rows - 1) * stride) + width, fill),
            Operand.In("gamma", width),
            Operand.In("beta", width),
            Operand.Out("y", rows * width, width),
            Operand.Out("mean", rows, width),
            Operand.Out("inverse", rows, width),
        ],
        m => new LayerNormForwardCall
        {
            Rows = rows,
            Width = width,
            Epsilon = 1e-5f,
            X = m["x"],
            StrideX = stride,
            Gamma = m["gamma"],
            Beta = m["beta"],
            Y = m["y"],
            Mean = m["mean"],
            InverseDeviation = m["inverse"],
        },
        v => LayerNormReference.Forward(
            rows, width, stride, 1e-5f, v["x"], v["gamma"], v["beta"], v["y"], v["mean"], v["inverse"]));
}
