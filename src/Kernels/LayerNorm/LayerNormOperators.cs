namespace DPT.Engine.Kernels;

/// <summary>Layer normalisation: its variants, best first, and the cases that prove them.</summary>
public static class LayerNormOperators
{
    private static readonly (int Rows, int Width)[] Shapes =
        [(1, 1), (1, 7), (3, 16), (5, 17), (2, 31), (64, 32), (65, 33), (130, 128), (7, 257), (2, 1152)];

    /// <summary>Normalises rows.</summary>
    public static Operator<LayerNormForwardCall> Forward { get; } =
        new("layernorm.forward", ForwardCases,
            new LayerNormForwardHostV1Simd(), new LayerNormForwardV2Packs(), new LayerNormForwardV1Warp())
        {
            BenchCases = () =>
            [
                ForwardCase(64 * 257, 512, 512, FillPattern.Normal), ForwardCase(64 * 257, 512, 512, FillPattern.Normal, rounded: true),
            ],
        };

    /// <summary>Gradients of the input, the scale and the shift.</summary>
    public static Operator<LayerNormBackwardCall> Backward { get; } =
        new("layernorm.backward", BackwardCases,
            new LayerNormBackwardHostV1Simd(), new LayerNormBackwardV3OnePass(), new LayerNormBackwardV2Packs(),
            new LayerNormBackwardV1Warp())
        {
            BenchCases = () =>
            [
                BackwardCase(64 * 257, 512, 512, accumulate: true),
                BackwardCase(64 * 257, 512, 512, accumulate: true, rounded: true),
            ],
        };

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

        // More than one pack a lane, and the last of them missing for some lanes.
        yield return ForwardCase(9, 260, 264, FillPattern.Normal);
        yield return ForwardCase(3, 900, 900, FillPattern.Normal);

        // The result in bf16.
        yield return ForwardCase(3, 7, 7, FillPattern.Normal, rounded: true);
        yield return ForwardCase(5, 17, 20, FillPattern.Normal, rounded: true);
        yield return ForwardCase(9, 260, 264, FillPattern.Normal, rounded: true);
        yield return ForwardCase(130, 128, 128, FillPattern.Normal, rounded: true);
        yield return ForwardCase(4, 64, 64, FillPattern.Large, rounded: true);

        // Nothing but beta is left, and a small epsilon shows what a rounded mean leaves.
        yield return ForwardCase(4, 20, 20, FillPattern.Level, epsilon: 1e-12f);
        yield return ForwardCase(3, 33, 33, FillPattern.Level, epsilon: 1e-12f);
        yield return ForwardCase(2, 1152, 1152, FillPattern.Level, epsilon: 1e-12f);
    }

    private static KernelCase<LayerNormForwardCall> ForwardCase(
        int rows, int width, int stride, FillPattern fill, float epsilon = 1e-5f, bool rounded = false) => new(
        $"rows={rows} width={width} stride={stride} {fill}" + (rounded ? " rounded" : ""),
        [
            Operand.In("x", ((rows - 1) * stride) + width, fill),
            Operand.In("gamma", width),
            Operand.In("beta", width),
            rounded ? Operand.Out("y", rows * width, width).AsBf16() : Operand.Out("y", rows * width, width),
            Operand.Out("mean", rows, width),
            Operand.Out("inverse", rows, width),
        ],
        m => new LayerNormForwardCall
        {
            Rows = rows,
            Width = width,
            Epsilon = epsilon,
            X = m["x"],
            StrideX = stride,
            Gamma = m["gamma"],
            Beta = m["beta"],
            Y = rounded ? default : m["y"],
            RoundedY = rounded ? m.Bf16("y") : default,
            Mean = m["mean"],
            InverseDeviation = m["inverse"],
        },
        v => LayerNormReference.Forward(
            rows, width, stride, epsilon, v["x"], v["gamma"], v["beta"], v["y"], v["mean"], v["inverse"]))
    {
        // What the mean lost by rounding is infinity minus infinity in a row with an infinite value.
        SameInfinities = false,
    };

    private static IEnumerable<KernelCase> BackwardCases()
    {
        foreach (var (rows, width) in Shapes)
        {
            yield return BackwardCase(rows, width, width, accumulate: false);
        }

        yield return BackwardCase(1100, 24, 24, accumulate: true);
        yield return BackwardCase(19, 37, 37, accumulate: true);
        yield return BackwardCase(9, 260, 264, accumulate: true);
        yield return BackwardCase(3, 900, 900, accumulate: false);

        // Several rows for a warp, and several blocks of them; more blocks than a fold has warps.
        yield return BackwardCase(101, 132, 132, accumulate: true);
        yield return BackwardCase(300, 64, 64, accumulate: false);

        // The gradient in bf16.
        yield return BackwardCase(5, 17, 17, accumulate: false, rounded: true);
        yield return BackwardCase(9, 260, 264, accumulate: true, rounded: true);
        yield return BackwardCase(130, 128, 128, accumulate: false, rounded: true);
        yield return BackwardCase(3, 1152, 1152, accumulate: true, rounded: true);
        yield return BackwardCase(5, 24, 3 * 24, accumulate: true);
        yield return BackwardCase(5, 24, 3 * 24, accumulate: false);
        yield return BackwardCase(4, 20, 20, accumulate: false, FillPattern.Constant);
        yield return BackwardCase(4, 20, 20, accumulate: false, FillPattern.Level);
        yield return BackwardCase(4, 20, 20, accumulate: false, FillPattern.Large);
        yield return BackwardCase(4, 20, 20, accumulate: false, FillPattern.Tiny);
    }

    private static KernelCase<LayerNormBackwardCall> BackwardCase(
        int rows, int width, int stride, bool accumulate, FillPattern fill = FillPattern.Normal, bool rounded = false)
    {
        var span = ((rows - 1) * stride) + width;
        return new(
            $"rows={rows} width={width} stride={stride} {fill}" + (rounded ? " rounded" : "") + (accumulate ? " accumulate" : ""),
            [
                Operand.In("x", span, fill),
                Operand.In("gamma", width),
                Operand.In("mean", rows, FillPattern.Derived),
                Operand.In("inverse", rows, FillPattern.Derived),
                rounded ? Operand.In("dy", rows * width).AsBf16() : Operand.In("dy", rows * width),
                accumulate || stride > width ? Operand.Update("dx", span, width) : Operand.Out("dx", span, width),
                Operand.Update("dgamma", width, rows + 1),
                Operand.Update("dbeta", width, rows + 1),
            ],
            m => new LayerNormBackwardCall
            {
                Rows = rows,
                Width = width,
                X = m["x"],
                StrideX = stride,
                Gamma = m["gamma"],
                Mean = m["mean"],
                InverseDeviation = m["inverse"],
                GradientY = rounded ? default : m["dy"],
                RoundedGradientY = rounded ? m.Bf16("dy") : default,
                GradientX = m["dx"],
                AccumulateX = accumulate,
                GradientGamma = m["dgamma"],
                GradientBeta = m["dbeta"],
            },
            v => LayerNormReference.Backward(
                rows, width, stride, v["x"], v["gamma"], v["mean"], v["inverse"], v["dy"],
                accumulate, v["dx"], v["dgamma"], v["dbeta"]))
        {
            Derive = v => LayerNormReference.Forward(
                rows, width, stride, 1e-5, v["x"], v["gamma"], new double[width], new double[rows * width],
                v["mean"], v["inverse"]),
        };
    }
}
