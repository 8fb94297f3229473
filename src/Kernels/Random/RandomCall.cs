namespace DPT.Engine.Kernels;

/// <summary>The distribution of random numbers.</summary>
public enum RandomDistribution
{
    /// <summary>Uniform in [0, 1): (w >> 8) 2^-24 of the 32-bit Philox word w.</summary>
    Uniform,

    /// <summary>
    /// Standard normal by Box-Muller: words w0, w1 of a pair (elements 2j, 2j + 1) give r cos(2 pi v) and
    /// r sin(2 pi v) with r = sqrt(-2 ln u), u = w0 2^-32 + 2^-33 in single precision, hence in [2^-33, 1] and never 0,
    /// and v = (w1 >> 8) 2^-24. No number is larger than 6.77.
    /// </summary>
    Normal,
}

/// <summary>
/// Counter-based random numbers (Philox4x32-10, Salmon et al. 2011). Element i of sample n in stream s depends on
/// (seed, s, n, i) alone: the same on every device, for every batch size and every partition of the work.
/// Key = the two words of the seed, low first; counter = (i / 4, low word of n, high word of n, s); word i mod 4.
/// <see cref="PhiloxStream"/> draws the same words one at a time. Words and uniform numbers are the same bits
/// everywhere; normal numbers agree to a few units in the last place.
/// </summary>
public readonly record struct RandomCall : IKernelCall
{
    private const string Op = "random";

    /// <summary>Number of samples.</summary>
    public required int Samples { get; init; }

    /// <summary>Numbers per sample.</summary>
    public required int Elements { get; init; }

    /// <summary>What to draw.</summary>
    public required RandomDistribution Distribution { get; init; }

    /// <summary>The seed of the run.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The purpose of the numbers: draws with different streams are independent.</summary>
    public required uint Stream { get; init; }

    /// <summary>Number of the first sample; the others follow.</summary>
    public required long FirstSample { get; init; }

    /// <summary>Result, [Samples,Elements].</summary>
    public required Slice<float> Output { get; init; }

    /// <inheritdoc/>
    public string Shape => $"samples={Samples} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"elements={Elements} {Distribution}";

    /// <inheritdoc/>
    public double Flops => (Distribution == RandomDistribution.Normal ? 30.0 : 1.0) * Samples * Elements;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Samples * Elements;

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "samples", Samples);
        Require.Size(Op, "elements", Elements);
        Require.Size(Op, "first sample", FirstSample, 0, long.MaxValue - Samples);
        Require.Operand(Op, nameof(Output), Output, (long)Samples * Elements);
    }
}
