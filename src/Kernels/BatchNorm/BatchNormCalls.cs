namespace DPT.Engine.Kernels;

/// <summary>
/// Mean and biased variance of each column of a matrix: of each channel over the pixels of a batch. Running statistics follow them, the
/// running variance the unbiased one: running = (1 - Momentum) running + Momentum batch, as in PyTorch.
/// </summary>
/// <remarks>Source: Ioffe and Szegedy, Batch Normalization (2015), algorithm 1.</remarks>
public readonly record struct BatchNormStatisticsCall : IKernelCall
{
    private const string Op = "batchnorm.statistics";

    /// <summary>Number of rows: pixels of all images.</summary>
    public required int Rows { get; init; }

    /// <summary>Number of columns.</summary>
    public required int Channels { get; init; }

    /// <summary>Input, [Rows, Channels].</summary>
    public required Slice<float> X { get; init; }

    /// <summary>Result: the means, [Channels].</summary>
    public required Slice<float> Mean { get; init; }

    /// <summary>Result: the biased variances, [Channels].</summary>
    public required Slice<float> Variance { get; init; }

    /// <summary>Share of the batch in the running statistics, in 0..1: 0.1 in PyTorch, 0.001 in FreeMatch's networks.</summary>
    public float Momentum { get; init; }

    /// <summary>Moved: running means, [Channels]; empty, with <see cref="RunningVariance"/>, if nobody keeps any.</summary>
    public Slice<float> RunningMean { get; init; }

    /// <summary>Moved: running unbiased variances, [Channels], of at least two rows.</summary>
    public Slice<float> RunningVariance { get; init; }

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"channels={Channels}" + (RunningMean.IsEmpty ? "" : " running");

    /// <inheritdoc/>
    public double Flops => 4.0 * Rows * Channels;

    /// <inheritdoc/>
    public double Bytes => (4.0 * Rows * Channels) + ((RunningMean.IsEmpty ? 8.0 : 24.0) * Channels);

    internal ChannelNormShape Parts => BatchNorm.Parts(Rows, Channels);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows);
        Require.Size(Op, "channels", Channels);
        Require.Operand(Op, nameof(X), X, (long)Rows * Channels);
        Require.Operand(Op, nameof(Mean), Mean, Channels);
        Require.Operand(Op, nameof(Variance), Variance, Channels);
        Require.That(Op, Momentum is >= 0 and <= 1, $"the momentum is {Momentum}, it must be in 0..1");
        Require.That(
            Op, RunningMean.IsEmpty == RunningVariance.IsEmpty, "the operands 'RunningMean' and 'RunningVariance' are given together or not at all");
        Require.OperandIfGiven(Op, nameof(RunningMean), RunningMean, Channels);
        Require.OperandIfGiven(Op, nameof(RunningVariance), RunningVariance, Channels);
        Require.That(Op, RunningMean.IsEmpty || Rows > 1, "one row has no unbiased variance for the operand 'RunningVariance'");
    }
}

/// <summary>
/// y = act((x - mean) / sqrt(variance + eps) gamma + beta), each column with its own statistics: those of the batch in training, running
/// ones in evaluation. The activation is a leaky ReLU.
/// </summary>
public readonly record struct BatchNormForwardCall : IKernelCall
{
    private const string Op = "batchnorm.forward";

    /// <summary>Number of rows: pixels of all images.</summary>
    public required int Rows { get; init; }

    /// <summary>Number of columns.</summary>
    public required int Channels { get; init; }

    /// <summary>Added to the variance: 1e-5 in PyTorch, 1e-3 in FreeMatch's networks.</summary>
    public required float Epsilon { get; init; }

    /// <summary>What negative results are multiplied by: 1 for no activation, 0 for ReLU, 0.1 in FreeMatch's networks. In 0..1.</summary>
    public required float NegativeSlope { get; init; }

    /// <summary>Input, [Rows, Channels].</summary>
    public required Slice<float> X { get; init; }

    /// <summary>Scale, [Channels].</summary>
    public required Slice<float> Gamma { get; init; }

    /// <summary>Shift, [Channels].</summary>
    public required Slice<float> Beta { get; init; }

    /// <summary>Means, [Channels].</summary>
    public required Slice<float> Mean { get; init; }

    /// <summary>Variances, [Channels].</summary>
    public required Slice<float> Variance { get; init; }

    /// <summary>Result, [Rows, Channels].</summary>
    public required Slice<float> Y { get; init; }

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => BatchNorm.SampleShape(Channels, NegativeSlope);

    /// <inheritdoc/>
    public double Flops => 6.0 * Rows * Channels;

    /// <inheritdoc/>
    public double Bytes => (8.0 * Rows * Channels) + (16.0 * Channels);

    internal ChannelForward Parts => new()
    {
        Shape = BatchNorm.Parts(Rows, Channels),
        Epsilon = Epsilon,
        Bend = NegativeSlope,
        X = X,
        Gamma = Gamma,
        Beta = Beta,
        Mean = Mean,
        Variance = Variance,
        Y = Y,
    };

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows);
        Require.Size(Op, "channels", Channels);
        BatchNorm.RequireSlope(Op, NegativeSlope);
        Require.Operand(Op, nameof(X), X, (long)Rows * Channels);
        Require.Operand(Op, nameof(Gamma), Gamma, Channels);
        Require.Operand(Op, nameof(Beta), Beta, Channels);
        Require.Operand(Op, nameof(Mean), Mean, Channels);
        Require.Operand(Op, nameof(Variance), Variance, Channels);
        Require.Operand(Op, nameof(Y), Y, (long)Rows * Channels);
    }
}

/// <summary>Gradient of <see cref="BatchNormForwardCall"/>.</summary>
public readonly record struct BatchNormBackwardCall : IKernelCall
{
    private const string Op = "batchnorm.backward";

    /// <summary>Number of rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Number of columns.</summary>
    public required int Channels { get; init; }

    /// <summary>As in the forward pass.</summary>
    public required float Epsilon { get; init; }

    /// <summary>As in the forward pass.</summary>
    public required float NegativeSlope { get; init; }

    /// <summary>
    /// Whether the statistics are constants, as running ones are in evaluation; otherwise they are those of x, which has a gradient
    /// through them.
    /// </summary>
    public bool HasFixedStatistics { get; init; }

    /// <summary>The forward input, [Rows, Channels].</summary>
    public required Slice<float> X { get; init; }

    /// <summary>Scale, [Channels].</summary>
    public required Slice<float> Gamma { get; init; }

    /// <summary>Shift, [Channels].</summary>
    public required Slice<float> Beta { get; init; }

    /// <summary>The forward means, [Channels].</summary>
    public required Slice<float> Mean { get; init; }

    /// <summary>The forward variances, [Channels].</summary>
    public required Slice<float> Variance { get; init; }

    /// <summary>Gradient of the result, [Rows, Channels].</summary>
    public required Slice<float> GradientY { get; init; }

    /// <summary>Gradient of the input, [Rows, Channels].</summary>
    public required Slice<float> GradientX { get; init; }

    /// <summary>Add to <see cref="GradientX"/> or replace it.</summary>
    public bool AccumulateX { get; init; }

    /// <summary>Added to: gradient of the scale, [Channels].</summary>
    public required Slice<float> GradientGamma { get; init; }

    /// <summary>Added to: gradient of the shift, [Channels].</summary>
    public required Slice<float> GradientBeta { get; init; }

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => BatchNorm.SampleShape(Channels, NegativeSlope)
        + (HasFixedStatistics ? " fixed" : "") + (AccumulateX ? " accumulate" : "");

    /// <inheritdoc/>
    public double Flops => 14.0 * Rows * Channels;

    /// <inheritdoc/>
    public double Bytes => ((AccumulateX ? 16.0 : 12.0) * Rows * Channels) + (32.0 * Channels);

    internal ChannelBackward Parts => new()
    {
        Forward = new()
        {
            Shape = BatchNorm.Parts(Rows, Channels),
            Epsilon = Epsilon,
            Bend = NegativeSlope,
            X = X,
            Gamma = Gamma,
            Beta = Beta,
            Mean = Mean,
            Variance = Variance,
            Y = default,
        },
        HasFixedStatistics = HasFixedStatistics,
        GradientY = GradientY,
        GradientX = GradientX,
        AccumulateX = AccumulateX,
        GradientGamma = GradientGamma,
        GradientBeta = GradientBeta,
    };

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows);
        Require.Size(Op, "channels", Channels);
        BatchNorm.RequireSlope(Op, NegativeSlope);
        Require.Operand(Op, nameof(X), X, (long)Rows * Channels);
        Require.Operand(Op, nameof(Gamma), Gamma, Channels);
        Require.Operand(Op, nameof(Beta), Beta, Channels);
        Require.Operand(Op, nameof(Mean), Mean, Channels);
        Require.Operand(Op, nameof(Variance), Variance, Channels);
        Require.Operand(Op, nameof(GradientY), GradientY, (long)Rows * Channels);
        Require.Operand(Op, nameof(GradientX), GradientX, (long)Rows * Channels);
        Require.Operand(Op, nameof(GradientGamma), GradientGamma, Channels);
        Require.Operand(Op, nameof(GradientBeta), GradientBeta, Channels);
    }
}

/// <summary>What the calls of batch norm share.</summary>
internal static class BatchNorm
{
    /// <summary>All rows are one image's pixels, and each channel is a group.</summary>
    public static ChannelNormShape Parts(int rows, int channels) => new(Images: 1, rows, channels, Groups: channels);

    public static string SampleShape(int channels, float negativeSlope) =>
        FormattableString.Invariant($"channels={channels}") + (negativeSlope == 1 ? "" : FormattableString.Invariant($" slope={negativeSlope}"));

    public static void RequireSlope(string op, float negativeSlope) =>
        Require.That(op, negativeSlope is >= 0 and <= 1, $"the slope of negative numbers is {negativeSlope}, it must be in 0..1");
}
