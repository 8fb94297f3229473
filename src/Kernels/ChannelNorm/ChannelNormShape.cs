namespace DPT.Engine.Kernels;

/// <summary>
/// What a normalisation of channels-last pictures, [Images, Pixels, Channels], has one mean and one variance of: the pixels of an
/// image in a group of neighbouring channels. Batch norm is the case of one image and groups of one channel.
/// </summary>
/// <param name="Images">Images.</param>
/// <param name="Pixels">Pixels of each.</param>
/// <param name="Channels">Numbers of a pixel.</param>
/// <param name="Groups">Groups of channels; divides them.</param>
internal readonly record struct ChannelNormShape(int Images, int Pixels, int Channels, int Groups)
{
    /// <summary>Channels of a group.</summary>
    public int GroupSize => Channels / Groups;

    /// <summary>Numbers of the matrix.</summary>
    public long Elements => (long)Images * Pixels * Channels;

    /// <summary>Means, and variances.</summary>
    public long Statistics => (long)Images * Groups;

    /// <summary>Numbers behind one mean.</summary>
    public long Terms => (long)Pixels * GroupSize;
}

/// <summary>y = act((x - mean) / sqrt(variance + epsilon) gamma + beta), the statistics those of <see cref="ChannelNormShape"/>.</summary>
internal readonly record struct ChannelForward
{
    public required ChannelNormShape Shape { get; init; }

    public required float Epsilon { get; init; }

    /// <summary>The parameter of the activation.</summary>
    public required float Bend { get; init; }

    public required Slice<float> X { get; init; }

    public required Slice<float> Gamma { get; init; }

    public required Slice<float> Beta { get; init; }

    public required Slice<float> Mean { get; init; }

    public required Slice<float> Variance { get; init; }

    public required Slice<float> Y { get; init; }
}

/// <summary>Gradients of <see cref="ChannelForward"/>.</summary>
internal readonly record struct ChannelBackward
{
    /// <summary>What the forward pass was given; its result is not read.</summary>
    public required ChannelForward Forward { get; init; }

    /// <summary>Whether the statistics are constants, not those of x.</summary>
    public required bool HasFixedStatistics { get; init; }

    public required Slice<float> GradientY { get; init; }

    public required Slice<float> GradientX { get; init; }

    public required bool AccumulateX { get; init; }

    public required Slice<float> GradientGamma { get; init; }

    public required Slice<float> GradientBeta { get; init; }
}
