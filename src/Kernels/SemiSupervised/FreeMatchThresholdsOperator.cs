namespace DPT.Engine.Kernels;

/// <summary>
/// FreeMatch's self-adaptive thresholds (Wang et al., ICLR 2023): three averages follow a batch of predictions, each as
/// a = Momentum a + (1 - Momentum) present, and from them a threshold of each class is made, tau p_c / max p:
/// tau of the largest probability of a row, p_c of the probability of class c, h_c of the share of rows that are predicted as c.
/// A batch with a number that is not finite leaves the averages as they are.
/// </summary>
public readonly record struct FreeMatchThresholdsCall : IKernelCall
{
    /// <summary>The most rows: what a float counts one by one.</summary>
    internal const int MaxRows = 1 << 24;

    private const string Op = "freematch.thresholds";

    /// <summary>Number of rows, up to 2^24.</summary>
    public required int Rows { get; init; }

    /// <summary>Number of classes; Rows times Classes up to 2^31 - 2^16.</summary>
    public required int Classes { get; init; }

    /// <summary>Weight of the past in each average, in [0, 1).</summary>
    public required float Momentum { get; init; }

    /// <summary>Class probabilities of the weak views, [Rows,Classes].</summary>
    public required Slice<float> Probabilities { get; init; }

    /// <summary>tau, p of each class, h of each class, [1 + 2 Classes]; updated. All start at 1/Classes.</summary>
    public required Slice<float> Averages { get; init; }

    /// <summary>Written: the confidence that a prediction of each class needs, [Classes].</summary>
    public required Slice<float> Thresholds { get; init; }

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"classes={Classes}";

    /// <inheritdoc/>
    public double Flops => 3.0 * Rows * Classes;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Classes * (Rows + 5.0);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows, 1, MaxRows);
        Require.Size(Op, "classes", Classes);
        Require.Size(Op, "rows times classes", (long)Rows * Classes);
        Require.That(Op, Momentum is >= 0 and < 1, $"the momentum is {Momentum}, it must be in [0, 1)");
        Require.Operand(Op, nameof(Probabilities), Probabilities, (long)Rows * Classes);
        Require.Operand(Op, nameof(Averages), Averages, 1 + (2L * Classes));
        Require.Operand(Op, nameof(Thresholds), Thresholds, Classes);
    }
}

/// <summary>FreeMatch's thresholds: the operator, its truth and its variants.</summary>
public static class FreeMatchThresholdsOperator
{
    /// <summary>Averages and thresholds after a batch.</summary>
    public static Operator<FreeMatchThresholdsCall> Thresholds { get; } =
        new("freematch.thresholds", Cases, new FreeMatchThresholdsHostV1Doubles(), new FreeMatchThresholdsV1Block());

    /// <summary>The averages and thresholds in double precision; <paramref name="averages"/> are updated.</summary>
    internal static void Reference(
        int classes, double momentum, ReadOnlySpan<double> probabilities, Span<double> averages, Span<double> thresholds)
    {
        var rows = probabilities.Length / classes;
        var present = new double[averages.Length];
        var isFinite = true;
        for (var row = 0; row < rows; row++)
        {
            var label = 0;
            for (var c = 0; c < classes; c++)
            {
                var p = probabilities[(row * classes) + c];
                isFinite &= double.IsFinite(p);
                present[1 + c] += p / rows;
                label = p > probabilities[(row * classes) + label] ? c : label;
            }

            present[0] += probabilities[(row * classes) + label] / rows;
            present[1 + classes + label] += 1.0 / rows;
        }

        for (var i = 0; isFinite && i < averages.Length; i++)
        {
            averages[i] = (momentum * averages[i]) + ((1 - momentum) * present[i]);
        }

        var max = double.NegativeInfinity;
        foreach (var p in averages.Slice(1, classes))
        {
            max = !double.IsFinite(p) ? double.NaN : p > max ? p : max;
        }

        for (var c = 0; c < classes; c++)
        {
            thresholds[c] = averages[0] * (averages[1 + c] / max);
        }
    }

    private static IEnumerable<KernelCase> Cases()
    {
        foreach (var (rows, classes) in new[] { (1, 1), (1, 2), (7, 3), (128, 10), (255, 5), (257, 31), (600, 2), (64, 300) })
        {
            yield return Case(rows, classes, 0.97f, FillPattern.Distribution);
        }

        yield return Case(33, 10, 0f, FillPattern.Distribution);
        yield return Case(33, 10, 0.999f, FillPattern.Constant);
    }

    private static KernelCase<FreeMatchThresholdsCall> Case(int rows, int classes, float momentum, FillPattern fill) => new(
        FormattableString.Invariant($"rows={rows} classes={classes} momentum={momentum} {fill}"),
        [
            Operand.In("probabilities", (long)rows * classes, fill, classes),
            Operand.Update("averages", 1 + (2 * classes), rows, FillPattern.Positive),
            Operand.Out("thresholds", classes, rows),
        ],
        m => new FreeMatchThresholdsCall
        {
            Rows = rows,
            Classes = classes,
            Momentum = momentum,
            Probabilities = m["probabilities"],
            Averages = m["averages"],
            Thresholds = m["thresholds"],
        },
        v => Reference(classes, momentum, v["probabilities"], v["averages"], v["thresholds"]));
}
