namespace DPT.Engine.Kernels;

/// <summary>
/// The forward process of one batch: x_t = alpha_b x0 + sigma_b noise and, if wanted, the velocity target
/// v = alpha_b noise - sigma_b x0, in one pass. (For noise prediction the target is the noise itself.)
/// </summary>
public readonly record struct NoisingCall : IKernelCall
{
    private const string Op = "noising";

    /// <summary>Number of samples.</summary>
    public required int Batch { get; init; }

    /// <summary>Numbers per sample.</summary>
    public required int Elements { get; init; }

    /// <summary>Clean samples, [Batch,Elements].</summary>
    public required Slice<float> Clean { get; init; }

    /// <summary>Standard normal noise, [Batch,Elements].</summary>
    public required Slice<float> Noise { get; init; }

    /// <summary>Signal scale of each sample, [Batch].</summary>
    public required Slice<float> Alpha { get; init; }

    /// <summary>Noise scale of each sample, [Batch].</summary>
    public required Slice<float> Sigma { get; init; }

    /// <summary>Result, [Batch,Elements].</summary>
    public required Slice<float> Noised { get; init; }

    /// <summary>Velocity, [Batch,Elements]; empty if not needed.</summary>
    public Slice<float> Velocity { get; init; }

    /// <inheritdoc/>
    public string Shape => $"B={Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"elements={Elements}" + (Velocity.IsEmpty ? "" : " velocity");

    /// <inheritdoc/>
    public double Flops => (Velocity.IsEmpty ? 3.0 : 6.0) * Batch * Elements;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Batch * Elements * (Velocity.IsEmpty ? 3 : 4);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "batch", Batch);
        Require.Size(Op, "elements", Elements);
        var all = (long)Batch * Elements;
        Require.Operand(Op, nameof(Clean), Clean, all);
        Require.Operand(Op, nameof(Noise), Noise, all);
        Require.Operand(Op, nameof(Alpha), Alpha, Batch);
        Require.Operand(Op, nameof(Sigma), Sigma, Batch);
        Require.Operand(Op, nameof(Noised), Noised, all);
        Require.OperandIfGiven(Op, nameof(Velocity), Velocity, all);
    }
}
