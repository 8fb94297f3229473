namespace DPT.Engine.Kernels;

/// <summary>
/// Softmax cross-entropy and its gradient in one pass: loss_r = w_r sum_c t_rc (logsumexp(z_r) - z_rc),
/// gradient = scale w_r (softmax(z_r) sum_c t_rc - t_r). Targets are class numbers or distributions. A class whose target
/// is 0 adds nothing to the loss, also at a score of -infinity.
/// </summary>
public readonly record struct CrossEntropyCall : IKernelCall
{
    private const string Op = "crossentropy";

    /// <summary>Number of rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Number of classes.</summary>
    public required int Classes { get; init; }

    /// <summary>Scores, [Rows,Classes].</summary>
    public required Slice<float> Logits { get; init; }

    /// <summary>
    /// Class of each row, [Rows], 0..Classes-1; empty if <see cref="Targets"/> is given. The host throws at any other
    /// number; on a GPU the row's loss and gradient become NaN.
    /// </summary>
    public Slice<int> Labels { get; init; }

    /// <summary>Target distribution of each row, [Rows,Classes]; empty if <see cref="Labels"/> is given.</summary>
    public Slice<float> Targets { get; init; }

    /// <summary>Weight of each row, [Rows]; empty means 1.</summary>
    public Slice<float> RowWeights { get; init; }

    /// <summary>Factor on the gradient only, e.g. 1/Rows for a mean.</summary>
    public float Scale { get; init; }

    /// <summary>Weighted loss of each row, [Rows].</summary>
    public required Slice<float> Losses { get; init; }

    /// <summary>Written: gradient of the scores, [Rows,Classes]; empty if not needed.</summary>
    public Slice<float> LogitsGradient { get; init; }

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"classes={Classes} {(Labels.IsEmpty ? "soft" : "hard")}"
        + (RowWeights.IsEmpty ? "" : " weighted") + (LogitsGradient.IsEmpty ? "" : " gradient");

    /// <inheritdoc/>
    public double Flops => 8.0 * Rows * Classes;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Rows * (Classes * (1.0 + (Targets.IsEmpty ? 0 : 1) + (LogitsGradient.IsEmpty ? 0 : 1)) + 2);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows);
        Require.Size(Op, "classes", Classes);
        Require.Operand(Op, nameof(Logits), Logits, (long)Rows * Classes);
        Require.That(Op, Labels.IsEmpty != Targets.IsEmpty, "give labels or targets, one of the two");
        Require.OperandIfGiven(Op, nameof(Labels), Labels, Rows);
        Require.OperandIfGiven(Op, nameof(Targets), Targets, (long)Rows * Classes);
        Require.OperandIfGiven(Op, nameof(RowWeights), RowWeights, Rows);
        Require.Operand(Op, nameof(Losses), Losses, Rows);
        Require.OperandIfGiven(Op, nameof(LogitsGradient), LogitsGradient, (long)Rows * Classes);
    }
}

/// <summary>Softmax over each row.</summary>
public readonly record struct SoftmaxCall : IKernelCall
{
    private const string Op = "softmax";

    /// <summary>Number of rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Number of classes.</summary>
    public required int Classes { get; init; }

    /// <summary>Scores, [Rows,Classes].</summary>
    public required Slice<float> Logits { get; init; }

    /// <summary>Result, [Rows,Classes]; may be the memory of the scores.</summary>
    public required Slice<float> Probabilities { get; init; }

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"classes={Classes}";

    /// <inheritdoc/>
    public double Flops => 5.0 * Rows * Classes;

    /// <inheritdoc/>
    public double Bytes => 8.0 * Rows * Classes;

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows);
        Require.Size(Op, "classes", Classes);
        Require.Operand(Op, nameof(Logits), Logits, (long)Rows * Classes);
        Require.Operand(Op, nameof(Probabilities), Probabilities, (long)Rows * Classes);
    }
}

/// <summary>
/// Mean squared error per sample and its gradient in one pass: loss_b = w_b mean_i (p_bi - t_bi)^2,
/// gradient = scale w_b 2 (p - t) / Elements.
/// </summary>
public readonly record struct SquaredErrorCall : IKernelCall
{
    private const string Op = "squarederror";

    /// <summary>Number of samples.</summary>
    public required int Batch { get; init; }

    /// <summary>Numbers per sample.</summary>
    public required int Elements { get; init; }

    /// <summary>Prediction, [Batch,Elements].</summary>
    public required Slice<float> Prediction { get; init; }

    /// <summary>Target, [Batch,Elements].</summary>
    public required Slice<float> Target { get; init; }

    /// <summary>Weight of each sample, [Batch]; empty means 1. A sample of weight 0 is not read at all.</summary>
    public Slice<float> SampleWeights { get; init; }

    /// <summary>Factor on the gradient only, e.g. 1/Batch for a mean.</summary>
    public float Scale { get; init; }

    /// <summary>Weighted loss of each sample, [Batch].</summary>
    public required Slice<float> Losses { get; init; }

    /// <summary>Written: gradient of the prediction, [Batch,Elements]; empty if not needed.</summary>
    public Slice<float> PredictionGradient { get; init; }

    /// <inheritdoc/>
    public string Shape => $"B={Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"elements={Elements}" + (SampleWeights.IsEmpty ? "" : " weighted")
        + (PredictionGradient.IsEmpty ? "" : " gradient");

    /// <inheritdoc/>
    public double Flops => 4.0 * Batch * Elements;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Batch * Elements * (PredictionGradient.IsEmpty ? 2 : 3);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "batch", Batch);
        Require.Size(Op, "elements", Elements);
        Require.Operand(Op, nameof(Prediction), Prediction, (long)Batch * Elements);
        Require.Operand(Op, nameof(Target), Target, (long)Batch * Elements);
        Require.OperandIfGiven(Op, nameof(SampleWeights), SampleWeights, Batch);
        Require.Operand(Op, nameof(Losses), Losses, Batch);
        Require.OperandIfGiven(Op, nameof(PredictionGradient), PredictionGradient, (long)Batch * Elements);
    }
}
