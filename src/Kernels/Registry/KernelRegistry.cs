namespace DPT.Engine.Kernels;

/// <summary>The list of all operators: the one place to look for what the engine can do.</summary>
public static class KernelRegistry
{
    /// <summary>Every operator, in the order of the documentation.</summary>
    public static IReadOnlyList<Operator> Operators { get; } =
    [
        MatMulOperators.MatMul,
        AttentionOperators.Forward,
        AttentionOperators.Backward,
        LayerNormOperators.Forward,
        LayerNormOperators.Backward,
        ElementwiseOperators.Axpby,
        ElementwiseOperators.ColumnSum,
        ElementwiseOperators.Activation,
        LossOperators.CrossEntropy,
        LossOperators.Softmax,
        LossOperators.SquaredError,
        DiffusionOperators.Noising,
        SolverOperators.Step,
        OptimizerOperators.AdamW,
        OptimizerOperators.Sgd,
        OptimizerOperators.Norm,
        ClipFactorOperator.Factor,
        PatchEmbedOperators.Forward,
        PatchEmbedOperators.Backward,
        UnpatchifyOperators.Forward,
        UnpatchifyOperators.Backward,
        RandomOperators.Fill,
        AugmentOperators.Augment,
        PseudoLabelOperator.PseudoLabel,
        FreeMatchThresholdsOperator.Thresholds,
        FreeMatchFairnessOperator.Fairness,
    ];

    /// <summary>The operator of that name.</summary>
    /// <exception cref="KernelException">There is none; the message lists those that exist.</exception>
    public static Operator Find(string name) =>
        Operators.FirstOrDefault(o => o.Name == name)
        ?? throw new KernelException(
            $"there is no operator '{name}'; there are {string.Join(", ", Operators.Select(o => o.Name))}");
}
