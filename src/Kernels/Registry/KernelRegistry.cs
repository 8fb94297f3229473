namespace DPT.Engine.Kernels;

/// <summary>The list of all operators: the one place to look for what the engine can do.</summary>
public static class KernelRegistry
{
    /// <summary>Every operator, in the order of the documentation.</summary>
    public static IReadOnlyList<Operator> Operators { get; } =
    [
        MatMulOperators.MatMul,
        MatMulOperators.MatMulBf16,
        AttentionOperators.Forward,
        AttentionOperators.Backward,
        AttentionOperators.ForwardBf16,
        AttentionOperators.BackwardBf16,
        LayerNormOperators.Forward,
        LayerNormOperators.Backward,
        BatchNormOperators.Statistics,
        BatchNormOperators.Forward,
        BatchNormOperators.Backward,
        GroupNormOperators.Forward,
        GroupNormOperators.Backward,
        ElementwiseOperators.Axpby,
        ElementwiseOperators.ColumnSum,
        ElementwiseOperators.Round,
        ElementwiseOperators.Widen,
        ElementwiseOperators.Activation,
        PrimitiveOperators.Map,
        PrimitiveOperators.AxisReduce,
        PrimitiveOperators.StridedCopy,
        PrimitiveOperators.RowsGather,
        PrimitiveOperators.RowsScatter,
        LossOperators.CrossEntropy,
        LossOperators.Softmax,
        LossOperators.SquaredError,
        DiffusionOperators.Noising,
        SolverOperators.Step,
        SolverOperators.Threshold,
        OptimizerOperators.AdamW,
        OptimizerOperators.Sgd,
        OptimizerOperators.Norm,
        ClipFactorOperator.Factor,
        PatchEmbedOperators.Forward,
        PatchEmbedOperators.Backward,
        UnpatchifyOperators.Forward,
        UnpatchifyOperators.Backward,
        TimeEmbeddingOperators.Forward,
        ConvolutionOperators.Forward,
        ConvolutionOperators.InputGradient,
        ConvolutionOperators.WeightGradient,
        RandomOperators.Fill,
        DropoutOperator.Dropout,
        AugmentOperators.Augment,
        AugmentEdmOperator.Transform,
        PseudoLabelOperator.PseudoLabel,
        FreeMatchThresholdsOperator.Thresholds,
        FreeMatchFairnessOperator.Fairness,
        SoftMatchWeightsOperator.Weights,
        FlexMatchThresholdsOperator.Thresholds,
        RegMixMatchPairsOperator.Pairs,
        MixPasteOperator.Paste,
    ];

    /// <summary>The operator of that name.</summary>
    /// <exception cref="KernelException">There is none; the message lists those that exist.</exception>
    public static Operator Find(string name) =>
        Operators.FirstOrDefault(o => o.Name == name)
        ?? throw new KernelException(
            $"there is no operator '{name}'; there are {string.Join(", ", Operators.Select(o => o.Name))}");

    /// <summary>Throws if a selection names what does not exist.</summary>
    /// <exception cref="KernelException">The message names it and lists what exists.</exception>
    public static void RequireKnown(KernelSelection selection)
    {
        ArgumentNullException.ThrowIfNull(selection);
        foreach (var (op, choice) in selection.Named)
        {
            Find(op).Find(choice.Variant);
        }
    }

    /// <summary>
    /// For the record of a run: each operator's variant on this kind of device and why, as far as that does not depend on
    /// the shapes (a default may give way to the next variant for a shape that it does not support).
    /// </summary>
    public static IReadOnlyDictionary<string, string> Describe(KernelSelection selection, DeviceKind kind)
    {
        ArgumentNullException.ThrowIfNull(selection);
        var lines = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var op in Operators)
        {
            if (selection.Named.TryGetValue(op.Name, out var choice))
            {
                lines[op.Name] = $"{choice.Variant} ({choice.Origin})";
            }
            else if (op.DefaultOn(kind) is { } first)
            {
                lines[op.Name] = $"{first.Name} ({KernelSelection.Origin.Default})";
            }
        }

        return lines;
    }

    /// <summary>Operators whose default on a card was proven on none yet, in the order of the registry.</summary>
    public static IReadOnlyList<string> UnprovenDefaults() =>
    [
        .. from op in Operators
           let variant = op.DefaultOn(DeviceKind.Cuda)
           where variant is not null && HardwareProofs.DeviceOf(op.IdOf(variant)) is null
           select op.Name,
    ];
}
