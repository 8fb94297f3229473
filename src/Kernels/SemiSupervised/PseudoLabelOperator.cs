namespace DPT.Engine.Kernels;

/// <summary>
/// What a model says of images and whether it is sure: label_r = argmax_c p_rc (of equal ones the lowest), weight_r = 1 if
/// p_r,label is at least the threshold of that class, else 0. A row with a number that is not finite says nothing: its label
/// is 0 and its weight NaN.
/// </summary>
public readonly record struct PseudoLabelCall : IKernelCall
{
    private const string Op = "pseudolabel";

    /// <summary>Number of rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Number of classes.</summary>
    public required int Classes { get; init; }

    /// <summary>Class probabilities, [Rows,Classes].</summary>
    public required Slice<float> Probabilities { get; init; }

    /// <summary>The confidence that a prediction of each class needs, [Classes].</summary>
    public required Slice<float> Thresholds { get; init; }

    /// <summary>Written: the predicted class of each row, [Rows].</summary>
    public required Slice<int> Labels { get; init; }

    /// <summary>Written: 1 for a row that is sure enough, 0 for another, [Rows].</summary>
    public required Slice<float> Weights { get; init; }

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"classes={Classes}";

    /// <inheritdoc/>
    public double Flops => (double)Rows * Classes;

    /// <inheritdoc/>
    public double Bytes => 4.0 * ((Rows * (Classes + 2.0)) + Classes);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows);
        Require.Size(Op, "classes", Classes);
        Require.Operand(Op, nameof(Probabilities), Probabilities, (long)Rows * Classes);
        Require.Operand(Op, nameof(Thresholds), Thresholds, Classes);
        Require.Operand(Op, nameof(Labels), Labels, Rows);
        Require.Operand(Op, nameof(Weights), Weights, Rows);
    }
}

/// <summary>Pseudo-labels with their weights: the operator, its truth and its variants.</summary>
public static class PseudoLabelOperator
{
    /// <summary>Labels and weights of rows of probabilities.</summary>
    public static Operator<PseudoLabelCall> PseudoLabel { get; } =
        new("pseudolabel", Cases, new PseudoLabelHostV1Rows(), new PseudoLabelV1Rows());

    private static IEnumerable<KernelCase> Cases()
    {
        foreach (var (rows, classes) in new[] { (1, 1), (1, 2), (7, 3), (128, 10), (255, 5), (257, 31), (64, 1000) })
        {
            yield return Case(rows, classes, FillPattern.Distribution);
        }

        yield return Case(33, 10, FillPattern.Constant);
    }

    private static KernelCase<PseudoLabelCall> Case(int rows, int classes, FillPattern fill) => new(
        $"rows={rows} classes={classes} {fill}",
        [
            Operand.In("probabilities", (long)rows * classes, fill, classes),
            Operand.In("thresholds", classes, FillPattern.Unit),
            new Operand("labels", OperandRole.Output, rows, Element: typeof(int)),
            Operand.Out("weights", rows),
        ],
        m => new PseudoLabelCall
        {
            Rows = rows,
            Classes = classes,
            Probabilities = m["probabilities"],
            Thresholds = m["thresholds"],
            Labels = m.Int("labels"),
            Weights = m["weights"],
        },
        v => Reference(classes, v["probabilities"], v["thresholds"], v["labels"], v["weights"]));

    private static void Reference(int classes, double[] probabilities, double[] thresholds, double[] labels, double[] weights)
    {
        for (var row = 0; row < labels.Length; row++)
        {
            var p = probabilities.AsSpan(row * classes, classes);
            var label = 0;
            var isFinite = true;
            for (var c = 0; c < classes; c++)
            {
                isFinite &= double.IsFinite(p[c]);
                label = p[c] > p[label] ? c : label;
            }

            labels[row] = isFinite ? label : 0;
            weights[row] = !isFinite ? double.NaN : p[label] >= thresholds[label] ? 1 : 0;
        }
    }
}
