namespace DPT.Engine.Kernels;

/// <summary>Group normalisation: its variants, best first, and the cases that prove them.</summary>
public static class GroupNormOperators
{
    private const float Epsilon = 1e-6f;

    private static readonly (int Batch, int Pixels, int Channels, int Groups)[] Shapes =
    [
        (1, 9, 1, 1), (2, 7, 6, 3), (1, 5, 17, 17), (2, 65, 34, 2), (5, 1, 96, 2), (2, 131, 8, 1),
    ];

    /// <summary>Normalises the groups of each image.</summary>
    public static Operator<GroupNormForwardCall> Forward { get; } =
        new("groupnorm.forward", ForwardCases, new GroupNormForwardHostV1Simd(), new GroupNormForwardV1Pieces())
        {
            BenchCases = () => [ForwardCase((64, 16 * 16, 256, 32), Activation.Silu)],
        };

    /// <summary>Gradients of the input, the scale and the shift.</summary>
    public static Operator<GroupNormBackwardCall> Backward { get; } =
        new("groupnorm.backward", BackwardCases, new GroupNormBackwardHostV1Simd(), new GroupNormBackwardV1Pieces())
        {
            BenchCases = () => [BackwardCase((64, 16 * 16, 256, 32), Activation.Silu)],
        };

    private static IEnumerable<KernelCase> ForwardCases()
    {
        foreach (var shape in Shapes)
        {
            yield return ForwardCase(shape, Activation.None);
            yield return ForwardCase(shape, Activation.Silu);
        }

        // Several pieces of pixels, and several channels of a group in each.
        yield return ForwardCase((2, 300, 12, 4), Activation.Silu);

        // Groups of one number, of which the shift is left; PyTorch has it within 1e-4 only where epsilon is small.
        yield return ForwardCase((2, 1, 3, 3), Activation.None, epsilon: 1);
        yield return ForwardCase((3, 21, 12, 4), Activation.None, FillPattern.Constant);
        yield return ForwardCase((3, 21, 12, 4), Activation.Silu, FillPattern.Large);
        yield return ForwardCase((3, 21, 12, 4), Activation.None, FillPattern.Tiny);
    }

    private static KernelCase<GroupNormForwardCall> ForwardCase(
        (int Batch, int Pixels, int Channels, int Groups) sizes, Activation activation,
        FillPattern fill = FillPattern.Normal, float epsilon = Epsilon)
    {
        var (batch, pixels, channels, groups) = sizes;
        var shape = new ChannelNormShape(batch, pixels, channels, groups);
        var terms = (int)shape.Terms;
        return new(
            $"batch={batch} {GroupNorm.SampleShape(pixels, channels, groups, activation)} {fill}",
            [
                Operand.In("x", shape.Elements, fill),
                Operand.In("gamma", channels),
                Operand.In("beta", channels),
                Operand.Out("y", shape.Elements, terms),
                Operand.Out("mean", shape.Statistics, terms),
                Operand.Out("variance", shape.Statistics, terms),
            ],
            m => new GroupNormForwardCall
            {
                Batch = batch,
                Pixels = pixels,
                Channels = channels,
                Groups = groups,
                Epsilon = epsilon,
                Activation = activation,
                X = m["x"],
                Gamma = m["gamma"],
                Beta = m["beta"],
                Y = m["y"],
                Mean = m["mean"],
                Variance = m["variance"],
            },
            v =>
            {
                ChannelNormReference.Statistics(shape, v["x"], v["mean"], v["variance"]);
                ChannelNormReference.Forward(
                    shape, epsilon, x => ActivationReference.Value(activation, x),
                    v["x"], v["gamma"], v["beta"], v["mean"], v["variance"], v["y"]);
            })
        {
            // Distances from an infinite value are NaN.
            SameInfinities = false,
        };
    }

    private static IEnumerable<KernelCase> BackwardCases()
    {
        foreach (var shape in Shapes)
        {
            yield return BackwardCase(shape, Activation.None);
            yield return BackwardCase(shape, Activation.Silu, accumulate: true);
        }

        yield return BackwardCase((2, 300, 12, 4), Activation.Silu);
        yield return BackwardCase((37, 3, 6, 2), Activation.None, accumulate: true);
        yield return BackwardCase((3, 21, 12, 4), Activation.None, fill: FillPattern.Large);
        yield return BackwardCase((3, 21, 12, 4), Activation.Silu, fill: FillPattern.Tiny);
    }

    private static KernelCase<GroupNormBackwardCall> BackwardCase(
        (int Batch, int Pixels, int Channels, int Groups) sizes, Activation activation,
        bool accumulate = false, FillPattern fill = FillPattern.Normal)
    {
        var (batch, pixels, channels, groups) = sizes;
        var shape = new ChannelNormShape(batch, pixels, channels, groups);
        var terms = (int)shape.Terms;
        return new(
            $"batch={batch} {GroupNorm.SampleShape(pixels, channels, groups, activation)} {fill}" + (accumulate ? " accumulate" : ""),
            [
                Operand.In("x", shape.Elements, fill),
                Operand.In("gamma", channels),
                Operand.In("beta", channels),
                Operand.In("mean", shape.Statistics, FillPattern.Derived),
                Operand.In("variance", shape.Statistics, FillPattern.Derived),
                Operand.In("dy", shape.Elements),
                accumulate ? Operand.Update("dx", shape.Elements, terms) : Operand.Out("dx", shape.Elements, terms),
                Operand.Update("dgamma", channels, (batch * pixels) + 1),
                Operand.Update("dbeta", channels, (batch * pixels) + 1),
            ],
            m => new GroupNormBackwardCall
            {
                Batch = batch,
                Pixels = pixels,
                Channels = channels,
                Groups = groups,
                Epsilon = Epsilon,
                Activation = activation,
                X = m["x"],
                Gamma = m["gamma"],
                Beta = m["beta"],
                Mean = m["mean"],
                Variance = m["variance"],
                GradientY = m["dy"],
                GradientX = m["dx"],
                AccumulateX = accumulate,
                GradientGamma = m["dgamma"],
                GradientBeta = m["dbeta"],
            },
            v => ChannelNormReference.Backward(
                shape, Epsilon, x => ActivationReference.Derivative(activation, x), hasFixedStatistics: false, accumulate,
                v["x"], v["gamma"], v["beta"], v["mean"], v["variance"], v["dy"], v["dx"], v["dgamma"], v["dbeta"]))
        {
            Derive = v => ChannelNormReference.Statistics(shape, v["x"], v["mean"], v["variance"]),

            // The scale is a factor of sums, whose infinite terms would have cancelled to NaN.
            SameInfinities = false,
        };
    }
}
