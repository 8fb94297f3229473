namespace DPT.Engine.Kernels;

/// <summary>
/// SoftMatch's weights (Chen et al., ICLR 2023): how sure a model is of an image, beside how sure it is on average. With u = 1/Classes, the
/// mean probability p_c of each class follows the batch; probabilities are aligned with it, q_rc = p_rc (u + 1e-6) / (p_c + 1e-6), and a row
/// of them made to sum to 1; mean m and variance v (unbiased; 0 of one row) of each row's largest q follow the batch too, and
/// weight_r = exp(-Deviations^2 min(max q_r - m, 0)^2 / (2 v)): 1 from the mean on, less below it. An average follows as
/// a = Momentum a + (1 - Momentum) present; if all p_c are 0, they are none yet and become the batch's. A batch with a number that is not
/// finite leaves the averages as they are, and the weight of such a row is NaN.
/// </summary>
/// <remarks>As the USB library has it since uniform alignment is for weights alone: labels are those of p, not of q.</remarks>
public readonly record struct SoftMatchWeightsCall : IKernelCall
{
    private const string Op = "softmatch.weights";

    /// <summary>Number of rows, up to 2^24.</summary>
    public required int Rows { get; init; }

    /// <summary>Number of classes; Rows times Classes up to 2^31 - 2^16.</summary>
    public required int Classes { get; init; }

    /// <summary>Weight of the past in each average, in [0, 1).</summary>
    public required float Momentum { get; init; }

    /// <summary>Deviations below the mean at which a weight is exp(-1/2), times itself: positive; 2 in the paper.</summary>
    public required float Deviations { get; init; }

    /// <summary>Class probabilities of the weak views, [Rows,Classes].</summary>
    public required Slice<float> Probabilities { get; init; }

    /// <summary>m, v, p of each class, [2 + Classes]; updated. They start at 1/Classes, 1 and 0.</summary>
    public required Slice<float> Averages { get; init; }

    /// <summary>Written: the weight of each row, 0..1, [Rows].</summary>
    public required Slice<float> Weights { get; init; }

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"classes={Classes}";

    /// <inheritdoc/>
    public double Flops => 6.0 * Rows * Classes;

    /// <inheritdoc/>
    public double Bytes => 4.0 * ((Classes * (Rows + 2.0)) + Rows);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows, 1, FreeMatchThresholdsCall.MaxRows);
        Require.Size(Op, "classes", Classes);
        Require.Size(Op, "rows times classes", (long)Rows * Classes);
        Require.That(Op, Momentum is >= 0 and < 1, $"the momentum is {Momentum}, it must be in [0, 1)");
        Require.That(Op, Deviations is > 0 and < 1000, $"there are {Deviations} deviations, there must be more than 0 and less than 1000");
        Require.Operand(Op, nameof(Probabilities), Probabilities, (long)Rows * Classes);
        Require.Operand(Op, nameof(Averages), Averages, 2 + (long)Classes);
        Require.Operand(Op, nameof(Weights), Weights, Rows);
    }
}

/// <summary>SoftMatch's weights: the operator, its truth and its variants.</summary>
public static class SoftMatchWeightsOperator
{
    /// <summary>Added to both sides of the alignment.</summary>
    internal const float Epsilon = 1e-6f;

    /// <summary>Averages and weights after a batch.</summary>
    public static Operator<SoftMatchWeightsCall> Weights { get; } =
        new("softmatch.weights", Cases, new SoftMatchWeightsHostV1Doubles(), new SoftMatchWeightsV1Block());

    /// <summary>The averages and weights in double precision; <paramref name="averages"/> are updated.</summary>
    internal static void Reference(
        int classes, double momentum, double deviations, double[] probabilities, double[] averages, double[] weights)
    {
        double[][] rows = [.. probabilities.Chunk(classes)];
        var isFinite = probabilities.All(double.IsFinite);
        if (isFinite)
        {
            var isFirst = averages.Skip(2).All(p => p == 0);
            for (var c = 0; c < classes; c++)
            {
                var present = rows.Average(row => row[c]);
                averages[2 + c] = isFirst ? present : (momentum * averages[2 + c]) + ((1 - momentum) * present);
            }
        }

        double[] sure = [.. rows.Select(row => Sure(row, averages.AsSpan(2)))];
        if (isFinite)
        {
            var mean = sure.Average();
            var variance = sure.Sum(q => (q - mean) * (q - mean)) / Math.Max(1, sure.Length - 1);
            averages[0] = (momentum * averages[0]) + ((1 - momentum) * mean);
            averages[1] = (momentum * averages[1]) + ((1 - momentum) * variance);
        }

        for (var row = 0; row < sure.Length; row++)
        {
            var below = sure[row] - averages[0];
            weights[row] = below >= 0 ? 1 : Math.Exp(-deviations * deviations * below * below / (2 * averages[1]));
        }
    }

    /// <summary>The largest aligned probability of a row; NaN if a number of it is not finite.</summary>
    private static double Sure(double[] row, ReadOnlySpan<double> p)
    {
        var (max, sum) = (double.NegativeInfinity, 0.0);
        for (var c = 0; c < row.Length; c++)
        {
            var q = row[c] * ((1.0 / row.Length) + Epsilon) / (p[c] + Epsilon);
            max = Math.Max(max, q);
            sum += q;
        }

        return row.All(double.IsFinite) ? max / sum : double.NaN;
    }

    private static IEnumerable<KernelCase> Cases()
    {
        foreach (var (rows, classes) in new[] { (1, 2), (2, 1), (7, 3), (128, 10), (255, 5), (257, 31), (64, 300) })
        {
            yield return Case(rows, classes, 0.97f, FillPattern.Positive);
        }

        yield return Case(33, 10, 0.999f, FillPattern.Zero);
        yield return Case(600, 2, 0, FillPattern.Positive);
    }

    /// <summary>A case; probabilities of classes that are none yet start as zeros.</summary>
    private static KernelCase<SoftMatchWeightsCall> Case(int rows, int classes, float momentum, FillPattern averages) => new(
        FormattableString.Invariant($"rows={rows} classes={classes} momentum={momentum} {averages}"),
        [
            Operand.In("probabilities", (long)rows * classes, FillPattern.Distribution, classes),
            Operand.Update("averages", 2 + classes, rows, averages),
            Operand.Out("weights", rows, rows + classes),
        ],
        m => new SoftMatchWeightsCall
        {
            Rows = rows,
            Classes = classes,
            Momentum = momentum,
            Deviations = 2,
            Probabilities = m["probabilities"],
            Averages = m["averages"],
            Weights = m["weights"],
        },
        v => Reference(classes, momentum, deviations: 2, v["probabilities"], v["averages"], v["weights"]));
}
