namespace DPT.Engine.Kernels;

/// <summary>y = x rounded to bf16, to the nearest, ties to the even one; what is too large becomes infinite, NaN stays NaN.</summary>
public readonly record struct RoundCall : IKernelCall
{
    private const string Op = "round";

    /// <summary>Number of elements.</summary>
    public required long Count { get; init; }

    /// <summary>The input.</summary>
    public required Slice<float> X { get; init; }

    /// <summary>The result.</summary>
    public required Slice<BFloat16> Y { get; init; }

    /// <inheritdoc/>
    public string Shape => $"count={Count}";

    /// <inheritdoc/>
    public string SampleShape => "";

    /// <inheritdoc/>
    public double Flops => Count;

    /// <inheritdoc/>
    public double Bytes => 6.0 * Count;

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "count", Count, 1, long.MaxValue / 64);
        Require.Operand(Op, nameof(X), X, Count);
        Require.Operand(Op, nameof(Y), Y, Count);
    }
}
