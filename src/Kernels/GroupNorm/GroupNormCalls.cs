namespace DPT.Engine.Kernels;

/// <summary>
/// y = act((x - mean) / sqrt(variance + eps) gamma + beta): mean and biased variance of each image's groups of neighbouring channels, over
/// all its pixels; scale and shift for each channel.
/// </summary>
/// <remarks>Source: Wu and He, Group Normalization (2018), equations 2 to 4 and 7.</remarks>
public readonly record struct GroupNormForwardCall : IKernelCall
{
    private const string Op = "groupnorm.forward";

    /// <summary>Number of images.</summary>
    public required int Batch { get; init; }

    /// <summary>Pixels of each.</summary>
    public required int Pixels { get; init; }

    /// <summary>Numbers of a pixel.</summary>
    public required int Channels { get; init; }

    /// <summary>Groups of channels; divides them.</summary>
    public required int Groups { get; init; }

    /// <summary>Added to the variance: 1e-6 in Stable Diffusion's autoencoder and in SongUNet.</summary>
    public required float Epsilon { get; init; }

    /// <summary>Behind it: <see cref="Activation.None"/> or <see cref="Activation.Silu"/>.</summary>
    public Activation Activation { get; init; }

    /// <summary>Input, [Batch, Pixels, Channels].</summary>
    public required Slice<float> X { get; init; }

    /// <summary>Scale, [Channels].</summary>
    public required Slice<float> Gamma { get; init; }

    /// <summary>Shift, [Channels].</summary>
    public required Slice<float> Beta { get; init; }

    /// <summary>Result, [Batch, Pixels, Channels].</summary>
    public required Slice<float> Y { get; init; }

    /// <summary>Mean of each group, [Batch, Groups], for the backward pass.</summary>
    public required Slice<float> Mean { get; init; }

    /// <summary>Biased variance of each group, [Batch, Groups].</summary>
    public required Slice<float> Variance { get; init; }

    /// <inheritdoc/>
    public string Shape => $"batch={Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => GroupNorm.SampleShape(Pixels, Channels, Groups, Activation);

    /// <inheritdoc/>
    public double Flops => (Activation == Activation.None ? 10.0 : 22.0) * Batch * Pixels * Channels;

    /// <inheritdoc/>
    public double Bytes => (8.0 * Batch * Pixels * Channels) + (8.0 * Channels) + (8.0 * Batch * Groups);

    internal ChannelForward Parts => new()
    {
        Shape = new(Batch, Pixels, Channels, Groups),
        Epsilon = Epsilon,
        Bend = 1,
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
        var count = GroupNorm.RequireSizes(Op, Batch, Pixels, Channels, Groups, Activation);
        Require.Operand(Op, nameof(X), X, count);
        Require.Operand(Op, nameof(Gamma), Gamma, Channels);
        Require.Operand(Op, nameof(Beta), Beta, Channels);
        Require.Operand(Op, nameof(Y), Y, count);
        Require.Operand(Op, nameof(Mean), Mean, (long)Batch * Groups);
        Require.Operand(Op, nameof(Variance), Variance, (long)Batch * Groups);
    }
}

/// <summary>Gradient of <see cref="GroupNormForwardCall"/>.</summary>
public readonly record struct GroupNormBackwardCall : IKernelCall
{
    private const string Op = "groupnorm.backward";

    /// <summary>Number of images.</summary>
    public required int Batch { get; init; }

    /// <summary>Pixels of each.</summary>
    public required int Pixels { get; init; }

    /// <summary>Numbers of a pixel.</summary>
    public required int Channels { get; init; }

    /// <summary>Groups of channels; divides them.</summary>
    public required int Groups { get; init; }

    /// <summary>As in the forward pass.</summary>
    public required float Epsilon { get; init; }

    /// <summary>As in the forward pass.</summary>
    public Activation Activation { get; init; }

    /// <summary>The forward input, [Batch, Pixels, Channels].</summary>
    public required Slice<float> X { get; init; }

    /// <summary>Scale, [Channels].</summary>
    public required Slice<float> Gamma { get; init; }

    /// <summary>Shift, [Channels].</summary>
    public required Slice<float> Beta { get; init; }

    /// <summary>The forward means, [Batch, Groups].</summary>
    public required Slice<float> Mean { get; init; }

    /// <summary>The forward variances, [Batch, Groups].</summary>
    public required Slice<float> Variance { get; init; }

    /// <summary>Gradient of the result, [Batch, Pixels, Channels].</summary>
    public required Slice<float> GradientY { get; init; }

    /// <summary>Gradient of the input, [Batch, Pixels, Channels].</summary>
    public required Slice<float> GradientX { get; init; }

    /// <summary>Add to <see cref="GradientX"/> or replace it.</summary>
    public bool AccumulateX { get; init; }

    /// <summary>Added to: gradient of the scale, [Channels].</summary>
    public required Slice<float> GradientGamma { get; init; }

    /// <summary>Added to: gradient of the shift, [Channels].</summary>
    public required Slice<float> GradientBeta { get; init; }

    /// <inheritdoc/>
    public string Shape => $"batch={Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => GroupNorm.SampleShape(Pixels, Channels, Groups, Activation) + (AccumulateX ? " accumulate" : "");

    /// <inheritdoc/>
    public double Flops => (Activation == Activation.None ? 14.0 : 30.0) * Batch * Pixels * Channels;

    /// <inheritdoc/>
    public double Bytes => ((AccumulateX ? 16.0 : 12.0) * Batch * Pixels * Channels) + (24.0 * Channels) + (8.0 * Batch * Groups);

    internal ChannelBackward Parts => new()
    {
        Forward = new()
        {
            Shape = new(Batch, Pixels, Channels, Groups),
            Epsilon = Epsilon,
            Bend = 1,
            X = X,
            Gamma = Gamma,
            Beta = Beta,
            Mean = Mean,
            Variance = Variance,
            Y = default,
        },
        HasFixedStatistics = false,
        GradientY = GradientY,
        GradientX = GradientX,
        AccumulateX = AccumulateX,
        GradientGamma = GradientGamma,
        GradientBeta = GradientBeta,
    };

    /// <inheritdoc/>
    public void Validate()
    {
        var count = GroupNorm.RequireSizes(Op, Batch, Pixels, Channels, Groups, Activation);
        Require.Operand(Op, nameof(X), X, count);
        Require.Operand(Op, nameof(Gamma), Gamma, Channels);
        Require.Operand(Op, nameof(Beta), Beta, Channels);
        Require.Operand(Op, nameof(Mean), Mean, (long)Batch * Groups);
        Require.Operand(Op, nameof(Variance), Variance, (long)Batch * Groups);
        Require.Operand(Op, nameof(GradientY), GradientY, count);
        Require.Operand(Op, nameof(GradientX), GradientX, count);
        Require.Operand(Op, nameof(GradientGamma), GradientGamma, Channels);
        Require.Operand(Op, nameof(GradientBeta), GradientBeta, Channels);
    }
}

/// <summary>What the calls of group norm share.</summary>
internal static class GroupNorm
{
    public static string SampleShape(int pixels, int channels, int groups, Activation activation) =>
        $"pixels={pixels} channels={channels} groups={groups}" + (activation == Activation.None ? "" : $" {activation}");

    /// <summary>Checks the sizes.</summary>
    /// <returns>Numbers of all images.</returns>
    public static long RequireSizes(string op, int batch, int pixels, int channels, int groups, Activation activation)
    {
        Require.Size(op, "batch", batch);
        Require.Size(op, "pixels", pixels);
        Require.Size(op, "pixels of all images", (long)batch * pixels);
        Require.Size(op, "channels", channels);
        Require.Size(op, "groups", groups, 1, channels);
        Require.That(op, channels % groups == 0, $"{groups} groups do not cut {channels} channels into whole ones");
        Require.That(
            op, activation is Activation.None or Activation.Silu, $"the activation is {activation}, it must be None or Silu");
        return (long)batch * pixels * channels;
    }
}
