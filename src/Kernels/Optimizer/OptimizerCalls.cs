namespace DPT.Engine.Kernels;

/// <summary>
/// AdamW with decoupled decay, gradient scaling, the moving average of the weights and the clearing of the gradient,
/// in one pass over all parameters of a model (they lie in one flat buffer):
/// g = GradientScale * gradient; p *= 1 - lr decay; m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2;
/// p -= lr (m / (1-b1^step)) / (sqrt(v / (1-b2^step)) + eps); ema = r ema + (1-r) p; gradient = 0.
/// </summary>
public readonly record struct AdamWCall : IKernelCall
{
    private const string Op = "adamw";

    /// <summary>Number of parameters.</summary>
    public required long Count { get; init; }

    /// <summary>The weights, updated.</summary>
    public required Slice<float> Parameters { get; init; }

    /// <summary>The gradient; zero afterwards.</summary>
    public required Slice<float> Gradients { get; init; }

    /// <summary>First moment, updated.</summary>
    public required Slice<float> Moment1 { get; init; }

    /// <summary>Second moment, updated.</summary>
    public required Slice<float> Moment2 { get; init; }

    /// <summary>Moving average of the weights, updated; empty if there is none.</summary>
    public Slice<float> Average { get; init; }

    /// <summary>1 where weight decay applies and 0 where not, per parameter; empty means 1 everywhere.</summary>
    public Slice<float> DecayMask { get; init; }

    /// <summary>Number of this update, from 1.</summary>
    public required int Step { get; init; }

    /// <summary>Learning rate of this update.</summary>
    public required float LearningRate { get; init; }

    /// <summary>Decay of the first moment.</summary>
    public required float Beta1 { get; init; }

    /// <summary>Decay of the second moment.</summary>
    public required float Beta2 { get; init; }

    /// <summary>Added to the root of the second moment.</summary>
    public required float Epsilon { get; init; }

    /// <summary>Decoupled weight decay.</summary>
    public required float WeightDecay { get; init; }

    /// <summary>
    /// Factor on the gradient, one element, as <see cref="ClipFactorCall"/> computes it; empty means 1. If it is not finite,
    /// the update is skipped: the gradient is cleared as always, and nothing else changes.
    /// </summary>
    public Slice<float> GradientScale { get; init; }

    /// <summary>Decay of the moving average, r.</summary>
    public float AverageDecay { get; init; }

    /// <inheritdoc/>
    public string Shape => $"count={Count} step={Step}" + (Average.IsEmpty ? "" : " ema") + (DecayMask.IsEmpty ? "" : " mask");

    /// <inheritdoc/>
    public string SampleShape => Shape;

    /// <inheritdoc/>
    public double Flops => (Average.IsEmpty ? 16.0 : 19.0) * Count;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Count * (8 + (Average.IsEmpty ? 0 : 2) + (DecayMask.IsEmpty ? 0 : 1));

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "count", Count, 1, long.MaxValue / 64);
        Require.Size(Op, "step", Step);
        Require.Operand(Op, nameof(Parameters), Parameters, Count);
        Require.Operand(Op, nameof(Gradients), Gradients, Count);
        Require.Operand(Op, nameof(Moment1), Moment1, Count);
        Require.Operand(Op, nameof(Moment2), Moment2, Count);
        Require.OperandIfGiven(Op, nameof(Average), Average, Count);
        Require.OperandIfGiven(Op, nameof(DecayMask), DecayMask, Count);
        Require.OperandIfGiven(Op, nameof(GradientScale), GradientScale, 1);
    }
}

/// <summary>
/// SGD with (Nesterov) momentum as PyTorch defines it, with the moving average and the clearing of the gradient, in
/// one pass: g = GradientScale * gradient + decay p; m = momentum m + g; p -= lr (nesterov ? g + momentum m : m);
/// ema = r ema + (1-r) p; gradient = 0. Momentum starts at zero.
/// </summary>
public readonly record struct SgdCall : IKernelCall
{
    private const string Op = "sgd";

    /// <summary>Number of parameters.</summary>
    public required long Count { get; init; }

    /// <summary>The weights, updated.</summary>
    public required Slice<float> Parameters { get; init; }

    /// <summary>The gradient; zero afterwards.</summary>
    public required Slice<float> Gradients { get; init; }

    /// <summary>The momentum buffer, updated.</summary>
    public required Slice<float> Velocity { get; init; }

    /// <summary>Moving average of the weights, updated; empty if there is none.</summary>
    public Slice<float> Average { get; init; }

    /// <summary>1 where weight decay applies and 0 where not, per parameter; empty means 1 everywhere.</summary>
    public Slice<float> DecayMask { get; init; }

    /// <summary>Learning rate of this update.</summary>
    public required float LearningRate { get; init; }

    /// <summary>Momentum, 0 for none.</summary>
    public required float Momentum { get; init; }

    /// <summary>Look ahead along the momentum.</summary>
    public bool Nesterov { get; init; }

    /// <summary>L2 penalty added to the gradient.</summary>
    public required float WeightDecay { get; init; }

    /// <summary>
    /// Factor on the gradient, one element, as <see cref="ClipFactorCall"/> computes it; empty means 1. If it is not finite,
    /// the update is skipped: the gradient is cleared as always, and nothing else changes.
    /// </summary>
    public Slice<float> GradientScale { get; init; }

    /// <summary>Decay of the moving average, r.</summary>
    public float AverageDecay { get; init; }

    /// <inheritdoc/>
    public string Shape => $"count={Count}" + (Nesterov ? " nesterov" : "") + (Average.IsEmpty ? "" : " ema")
        + (DecayMask.IsEmpty ? "" : " mask");

    /// <inheritdoc/>
    public string SampleShape => Shape;

    /// <inheritdoc/>
    public double Flops => (Average.IsEmpty ? 8.0 : 11.0) * Count;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Count * (6 + (Average.IsEmpty ? 0 : 2) + (DecayMask.IsEmpty ? 0 : 1));

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "count", Count, 1, long.MaxValue / 64);
        Require.Operand(Op, nameof(Parameters), Parameters, Count);
        Require.Operand(Op, nameof(Gradients), Gradients, Count);
        Require.Operand(Op, nameof(Velocity), Velocity, Count);
        Require.OperandIfGiven(Op, nameof(Average), Average, Count);
        Require.OperandIfGiven(Op, nameof(DecayMask), DecayMask, Count);
        Require.OperandIfGiven(Op, nameof(GradientScale), GradientScale, 1);
    }
}

/// <summary>
/// The L2 norm of an array, sqrt(sum x^2), in a fixed order: of a gradient, for clipping. It is right wherever a float can
/// hold it, also where the squares overflow or vanish. Source: Blue, A portable Fortran program to find the Euclidean norm
/// of a vector (1978), for why that takes more than one sum.
/// </summary>
public readonly record struct NormCall : IKernelCall
{
    private const string Op = "norm";

    /// <summary>Number of elements.</summary>
    public required long Count { get; init; }

    /// <summary>The numbers.</summary>
    public required Slice<float> X { get; init; }

    /// <summary>The norm, one element.</summary>
    public required Slice<float> Result { get; init; }

    /// <inheritdoc/>
    public string Shape => $"count={Count}";

    /// <inheritdoc/>
    public string SampleShape => Shape;

    /// <inheritdoc/>
    public double Flops => 2.0 * Count;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Count;

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "count", Count, 1, long.MaxValue / 64);
        Require.Operand(Op, nameof(X), X, Count);
        Require.Operand(Op, nameof(Result), Result, 1);
    }
}
