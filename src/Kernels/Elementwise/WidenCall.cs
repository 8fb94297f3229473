namespace DPT.Engine.Kernels;

/// <summary>y = x, elements of bf16 as floats, exactly.</summary>
public readonly record struct WidenCall : IKernelCall
{
    private const string Op = "widen";

    /// <summary>Number of elements.</summary>
    public required long Count { get; init; }

    /// <summary>The input.</summary>
    public required Slice<BFloat16> X { get; init; }

    /// <summary>The result.</summary>
    public required Slice<float> Y { get; init; }

    /// <inheritdoc/>
    public string Shape => $"count={Count}";

    /// <inheritdoc/>
    public string SampleShape => "";

    /// <inheritdoc/>
    public double Flops => 0;

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
