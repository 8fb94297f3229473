namespace DPT.Engine.Kernels;

/// <summary>Sines and cosines of the times of a batch, Y [Batch,Width], from which a network learns what a time means.</summary>
/// <remarks>Sources: Vaswani et al. 2017 (arXiv 1706.03762), section 3.5; Karras et al. 2022 (arXiv 2206.00364) for <see cref="Sinusoids.SineFirst"/>.</remarks>
public readonly record struct TimeEmbeddingCall : IKernelCall
{
    private const string Op = "time.embedding";

    /// <summary>A call that multiplies by 1.</summary>
    public TimeEmbeddingCall()
    {
    }

    /// <summary>Number of times.</summary>
    public required int Batch { get; init; }

    /// <summary>Numbers of each; even, at least 4.</summary>
    public required int Width { get; init; }

    /// <summary>Their order and frequencies.</summary>
    public required Sinusoids Order { get; init; }

    /// <summary>What a time is multiplied by first, finite; the product is rounded to a float.</summary>
    public float Factor { get; init; } = 1;

    /// <summary>The times, [Batch]. One that is not finite gives NaN.</summary>
    public required Slice<float> Times { get; init; }

    /// <summary>The result, [Batch,Width].</summary>
    public required Slice<float> Y { get; init; }

    /// <inheritdoc/>
    public string Shape => $"B={Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => FormattableString.Invariant($"width={Width} {Order}") + (Factor == 1 ? "" : FormattableString.Invariant($" factor={Factor}"));

    /// <inheritdoc/>
    public double Flops => 20.0 * Batch * Width;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Batch * (Width + 1.0);

    /// <summary>Sines, and as many cosines.</summary>
    internal int Half => Width / 2;

    /// <summary>The i-th frequency is 10000^(-i/steps).</summary>
    internal int Steps => Order == Sinusoids.CosineFirst ? Half : Half - 1;

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "batch", Batch);
        Require.Size(Op, "width", Width, min: 4);
        Require.That(Op, Width % 2 == 0, $"a width of {Width} is odd: there are as many sines as cosines");
        Require.That(Op, Enum.IsDefined(Order), $"the order {Order} is not known");
        Require.That(Op, float.IsFinite(Factor), $"the factor is {Factor}");
        Require.Operand(Op, nameof(Times), Times, Batch);
        Require.Operand(Op, nameof(Y), Y, (long)Batch * Width);
    }
}
