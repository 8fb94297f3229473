namespace DPT.Engine.Kernels;

/// <summary>Batch normalisation: its variants, best first, and the cases that prove them.</summary>
public static class BatchNormOperators
{
    private const float Epsilon = 1e-3f;

    private static readonly (int Rows, int Channels)[] Shapes =
        [(7, 1), (9, 16), (17, 31), (65, 33), (131, 8)];

    /// <summary>Means and variances of the columns.</summary>
    public static Operator<BatchNormStatisticsCall> Statistics { get; } =
        new("batchnorm.statistics", StatisticsCases, new BatchNormStatisticsHostV1Simd(), new BatchNormStatisticsV1Pieces())
        {
            BenchCases = () => [StatisticsCase(64 * 32 * 32, 32, running: true)],
        };

    /// <summary>Normalises the columns.</summary>
    public static Operator<BatchNormForwardCall> Forward { get; } =
        new("batchnorm.forward", ForwardCases, new BatchNormForwardHostV1Simd(), new BatchNormForwardV1Pieces())
        {
            BenchCases = () => [ForwardCase(64 * 32 * 32, 32, slope: 0.1f)],
        };

    /// <summary>Gradients of the input, the scale and the shift.</summary>
    public static Operator<BatchNormBackwardCall> Backward { get; } =
        new("batchnorm.backward", BackwardCases, new BatchNormBackwardHostV1Simd(), new BatchNormBackwardV1Pieces())
        {
            BenchCases = () => [BackwardCase(64 * 32 * 32, 32, slope: 0.1f)],
        };

    private static IEnumerable<KernelCase> StatisticsCases()
    {
        yield return StatisticsCase(1, 1, running: false);
        yield return StatisticsCase(1, 37, running: false);
        yield return StatisticsCase(2, 5, running: true);
        foreach (var (rows, channels) in Shapes)
        {
            yield return StatisticsCase(rows, channels, running: true);
        }

        // Several pieces of rows on the host and on a GPU.
        yield return StatisticsCase(1100, 5, running: false);
        yield return StatisticsCase(70, 33, running: true, momentum: 0);
        yield return StatisticsCase(70, 33, running: true, momentum: 1);
        yield return StatisticsCase(70, 9, running: true, FillPattern.Constant);
        yield return StatisticsCase(70, 9, running: true, FillPattern.Level);
        yield return StatisticsCase(70, 9, running: true, FillPattern.Large);
        yield return StatisticsCase(70, 9, running: true, FillPattern.Tiny);
    }

    private static KernelCase<BatchNormStatisticsCall> StatisticsCase(
        int rows, int channels, bool running, FillPattern fill = FillPattern.Normal, float momentum = 0.1f)
    {
        Operand[] results = [Operand.In("x", (long)rows * channels, fill), Operand.Out("mean", channels, rows), Operand.Out("variance", channels, rows)];
        Operand[] moved =
        [
            Operand.Update("runningMean", channels, rows), Operand.Update("runningVariance", channels, rows, FillPattern.Positive),
        ];
        return new(
            FormattableString.Invariant($"rows={rows} channels={channels} {fill}") + (running ? FormattableString.Invariant($" momentum={momentum}") : ""),
            running ? [.. results, .. moved] : results,
            m => new BatchNormStatisticsCall
            {
                Rows = rows,
                Channels = channels,
                X = m["x"],
                Mean = m["mean"],
                Variance = m["variance"],
                Momentum = momentum,
                RunningMean = running ? m["runningMean"] : default,
                RunningVariance = running ? m["runningVariance"] : default,
            },
            v =>
            {
                ChannelNormReference.Statistics(BatchNorm.Parts(rows, channels), v["x"], v["mean"], v["variance"]);
                for (var channel = 0; channel < channels && running; channel++)
                {
                    Move(v["runningMean"], v["mean"][channel]);
                    Move(v["runningVariance"], v["variance"][channel] * rows / (rows - 1));

                    void Move(double[] all, double batch) => all[channel] = ((1.0 - momentum) * all[channel]) + (momentum * batch);
                }
            })
        {
            // Distances from an infinite value are NaN.
            SameInfinities = false,
        };
    }

    private static IEnumerable<KernelCase> ForwardCases()
    {
        yield return ForwardCase(1, 1);
        foreach (var (rows, channels) in Shapes)
        {
            yield return ForwardCase(rows, channels);
            yield return ForwardCase(rows, channels, slope: 0.1f);
        }

        yield return ForwardCase(1100, 5, slope: 0);
        yield return ForwardCase(70, 9, slope: 0.1f, FillPattern.Constant);
        yield return ForwardCase(70, 9, slope: 0.1f, FillPattern.Large);
        yield return ForwardCase(70, 9, slope: 0.1f, FillPattern.Tiny);
    }

    private static KernelCase<BatchNormForwardCall> ForwardCase(
        int rows, int channels, float slope = 1, FillPattern fill = FillPattern.Normal) => new(
        FormattableString.Invariant($"rows={rows} channels={channels} slope={slope} {fill}"),
        [
            Operand.In("x", (long)rows * channels, fill),
            Operand.In("gamma", channels),
            Operand.In("beta", channels),
            Operand.In("mean", channels),
            Operand.In("variance", channels, FillPattern.Positive),
            Operand.Out("y", (long)rows * channels),
        ],
        m => new BatchNormForwardCall
        {
            Rows = rows,
            Channels = channels,
            Epsilon = Epsilon,
            NegativeSlope = slope,
            X = m["x"],
            Gamma = m["gamma"],
            Beta = m["beta"],
            Mean = m["mean"],
            Variance = m["variance"],
            Y = m["y"],
        },
        v => ChannelNormReference.Forward(
            BatchNorm.Parts(rows, channels), Epsilon, x => ChannelNormReference.LeakyRelu(x, slope),
            v["x"], v["gamma"], v["beta"], v["mean"], v["variance"], v["y"]));

    private static IEnumerable<KernelCase> BackwardCases()
    {
        foreach (var (rows, channels) in Shapes)
        {
            yield return BackwardCase(rows, channels);
            yield return BackwardCase(rows, channels, slope: 0.1f, accumulate: true);
        }

        yield return BackwardCase(1, 37, isFixed: true);
        yield return BackwardCase(65, 33, slope: 0.1f, isFixed: true);
        yield return BackwardCase(130, 24, slope: 0, isFixed: true, accumulate: true);
        yield return BackwardCase(1100, 5, slope: 0.1f);
        yield return BackwardCase(70, 9, fill: FillPattern.Constant);
        yield return BackwardCase(70, 9, fill: FillPattern.Large);
        yield return BackwardCase(70, 9, fill: FillPattern.Tiny);
    }

    private static KernelCase<BatchNormBackwardCall> BackwardCase(
        int rows, int channels, float slope = 1, bool accumulate = false, bool isFixed = false,
        FillPattern fill = FillPattern.Normal)
    {
        var count = (long)rows * channels;
        var shape = BatchNorm.Parts(rows, channels);
        return new(
            FormattableString.Invariant($"rows={rows} channels={channels} slope={slope} {fill}")
                + (isFixed ? " fixed" : "") + (accumulate ? " accumulate" : ""),
            [
                Operand.In("x", count, fill),
                Operand.In("gamma", channels),

                // The ramp that gamma is too would meet the bend of the activation wherever a normalised number is -1.
                Operand.In("beta", channels) with { HardScale = 0.7 },
                Operand.In("mean", channels, FillPattern.Derived),
                Operand.In("variance", channels, FillPattern.Derived),
                Operand.In("dy", count),
                accumulate ? Operand.Update("dx", count, rows) : Operand.Out("dx", count, rows),
                Operand.Update("dgamma", channels, rows + 1),
                Operand.Update("dbeta", channels, rows + 1),
            ],
            m => new BatchNormBackwardCall
            {
                Rows = rows,
                Channels = channels,
                Epsilon = Epsilon,
                NegativeSlope = slope,
                HasFixedStatistics = isFixed,
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
                shape, Epsilon, x => ChannelNormReference.LeakyReluSlope(x, slope), isFixed, accumulate,
                v["x"], v["gamma"], v["beta"], v["mean"], v["variance"], v["dy"], v["dx"], v["dgamma"], v["dbeta"]))
        {
            Derive = v => ChannelNormReference.Statistics(shape, v["x"], v["mean"], v["variance"]),

            // The scale is a factor of sums, whose infinite terms would have cancelled to NaN.
            SameInfinities = false,
        };
    }
}
