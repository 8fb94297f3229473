namespace DPT.Engine.Kernels;

/// <summary>
/// Dynamic thresholding of what a solver takes for the data (Saharia et al. 2022, arXiv 2205.11487): with s the larger of Range and the
/// quantile of a sample's magnitudes, each of its numbers x becomes clamp(x, -s, s) / (s / Range). A sample whose quantile is within the
/// range is clamped to it and else keeps its bits.
/// </summary>
/// <remarks>
/// The quantile is that of <c>torch.quantile</c>: with n numbers and their magnitudes in order, a is the one at floor(p (n - 1)), b the one at
/// ceil(p (n - 1)), and it is a + w (b - a), w being the fraction. NaN makes all of its sample NaN; an infinite number above the quantile is
/// clamped, one that enters it leaves 0 and NaN. A sample is nothing to another.
/// </remarks>
public readonly record struct SolverThresholdCall : IKernelCall
{
    private const string Op = "solver.threshold";

    /// <summary>Number of samples.</summary>
    public required int Samples { get; init; }

    /// <summary>Numbers in a sample.</summary>
    public required int Elements { get; init; }

    /// <summary>p, in (0, 1]; 0.995 in the papers.</summary>
    public required double Quantile { get; init; }

    /// <summary>The largest magnitude that data have: 1 for images in [-1, 1]. Positive, up to 2^20.</summary>
    public required float Range { get; init; }

    /// <summary>The samples, [Samples,Elements]; updated.</summary>
    public required Slice<float> Values { get; init; }

    /// <inheritdoc/>
    public string Shape => $"samples={Samples} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"elements={Elements}";

    /// <inheritdoc/>
    public double Flops => 3.0 * Samples * Elements;

    /// <inheritdoc/>
    public double Bytes => 8.0 * Samples * Elements;

    /// <summary>Where the quantile lies among the magnitudes in order, from 0 for the smallest.</summary>
    private double Position => Quantile * (Elements - 1);

    /// <summary>The place of a.</summary>
    internal int Rank => (int)Position;

    /// <summary>w, in [0, 1]; above 0 only where there is a magnitude behind a.</summary>
    internal float Weight => (float)(Position - Rank);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "samples", Samples);
        Require.Size(Op, "elements", Elements);
        Require.That(Op, Quantile is > 0 and <= 1, $"the quantile is {Quantile}, it must be above 0 and at most 1");
        Require.That(Op, Range is > 0 and <= 1 << 20, $"the range is {Range}, it must be above 0 and at most {1 << 20}");
        Require.Operand(Op, nameof(Values), Values, (long)Samples * Elements);
    }
}
