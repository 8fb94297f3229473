namespace DPT.Engine.Kernels;

/// <summary>
/// FreeMatch's self-adaptive fairness as the USB library computes it, and its gradient: over the rows with a weight that is
/// not 0, with s = softmax(logits), L = sum_c a_c ln(b_c + 1e-12), where a is p/h and b is mean(s)/share of predictions, both
/// normalised to sum 1. A quotient that is negative or beyond the largest float counts as 0: x/0 in b, and in a the share h of
/// a class that is never predicted. p, h and the shares of predictions are constants of the gradient. L is 0 if no row counts,
/// NaN if the weight of a row is not finite, or a logit of one that counts makes it so.
/// </summary>
public readonly record struct FreeMatchFairnessCall : IKernelCall
{
    private const string Op = "freematch.fairness";

    /// <summary>Number of rows, up to 2^24.</summary>
    public required int Rows { get; init; }

    /// <summary>Number of classes; Rows times Classes up to 2^31 - 2^16.</summary>
    public required int Classes { get; init; }

    /// <summary>Scores of the strong views, [Rows,Classes].</summary>
    public required Slice<float> Logits { get; init; }

    /// <summary>0 for rows that do not count, [Rows].</summary>
    public required Slice<float> Weights { get; init; }

    /// <summary>The averages of <see cref="FreeMatchThresholdsCall"/>: tau, p, h, [1 + 2 Classes].</summary>
    public required Slice<float> Averages { get; init; }

    /// <summary>Factor on the gradient.</summary>
    public required float Scale { get; init; }

    /// <summary>Written: L, one element, not scaled.</summary>
    public required Slice<float> Loss { get; init; }

    /// <summary>Written: Scale times the gradient of L, [Rows,Classes].</summary>
    public required Slice<float> LogitsGradient { get; init; }

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"classes={Classes}";

    /// <inheritdoc/>
    public double Flops => 10.0 * Rows * Classes;

    /// <inheritdoc/>
    public double Bytes => 8.0 * Rows * Classes;

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows, 1, FreeMatchThresholdsCall.MaxRows);
        Require.Size(Op, "classes", Classes);
        Require.Size(Op, "rows times classes", (long)Rows * Classes);
        Require.Operand(Op, nameof(Logits), Logits, (long)Rows * Classes);
        Require.Operand(Op, nameof(Weights), Weights, Rows);
        Require.Operand(Op, nameof(Averages), Averages, 1 + (2L * Classes));
        Require.Operand(Op, nameof(Loss), Loss, 1);
        Require.Operand(Op, nameof(LogitsGradient), LogitsGradient, (long)Rows * Classes);
    }
}

/// <summary>FreeMatch's fairness: the operator, its truth and its variants.</summary>
public static class FreeMatchFairnessOperator
{
    internal const float Epsilon = 1e-12f;

    /// <summary>The term and its gradient.</summary>
    public static Operator<FreeMatchFairnessCall> Fairness { get; } =
        new("freematch.fairness", Cases, new FreeMatchFairnessHostV1Doubles(), new FreeMatchFairnessV1Block());

    /// <summary>The term and its gradient in double precision, as the call defines them.</summary>
    internal static double Reference(
        double scale, ReadOnlySpan<double> logits, ReadOnlySpan<double> weights, ReadOnlySpan<double> averages, Span<double> gradient)
    {
        var classes = (averages.Length - 1) / 2;
        var (a, b, counts, slopes) = (new double[classes], new double[classes], new double[classes], new double[classes]);
        gradient.Clear();
        for (var row = 0; row < weights.Length; row++)
        {
            if (weights[row] != 0)
            {
                var s = gradient.Slice(row * classes, classes);
                counts[Softmax(logits.Slice(row * classes, classes), s, nothing: 0 * weights[row])]++;
                for (var c = 0; c < classes; c++)
                {
                    b[c] += s[c];
                }
            }
        }

        if (counts.Sum() == 0)
        {
            return 0;
        }

        // The factor 1/rows of means and shares cancels in b.
        for (var c = 0; c < classes; c++)
        {
            a[c] = Quotient(averages[1 + c], averages[1 + classes + c]);
            b[c] = Quotient(b[c], counts[c]);
        }

        var (sumOfA, sumOfB, mean, loss) = (a.Sum(), b.Sum(), 0.0, 0.0);
        for (var c = 0; c < classes; c++)
        {
            a[c] = sumOfA == 0 ? 0 : a[c] / sumOfA;
            b[c] /= sumOfB;
            slopes[c] = a[c] / (b[c] + Epsilon);
            mean += slopes[c] * b[c];
            loss += a[c] * Math.Log(b[c] + Epsilon);
        }

        for (var c = 0; c < classes; c++)
        {
            slopes[c] = counts[c] == 0 ? 0 : (slopes[c] - mean) / (sumOfB * counts[c]);
        }

        for (var row = 0; row < weights.Length; row++)
        {
            var s = gradient.Slice(row * classes, classes);
            var along = 0.0;
            for (var c = 0; c < classes; c++)
            {
                along += s[c] * slopes[c];
            }

            for (var c = 0; c < classes; c++)
            {
                s[c] = scale * s[c] * (slopes[c] - along);
            }
        }

        return loss;
    }

    private static int Softmax(ReadOnlySpan<double> z, Span<double> s, double nothing)
    {
        var label = 0;
        for (var c = 0; c < z.Length; c++)
        {
            label = z[c] > z[label] ? c : label;
        }

        var sum = nothing;
        for (var c = 0; c < z.Length; c++)
        {
            sum += s[c] = Math.Exp(z[c] - z[label]);
        }

        for (var c = 0; c < z.Length; c++)
        {
            s[c] /= sum;
        }

        return label;
    }

    /// <summary>x / y, or 0 where that is no number of 0 or more that fits a float; NaN where x is not finite.</summary>
    internal static double Quotient(double x, double y) => x / y is >= 0 and <= float.MaxValue ? x / y : 0 * x;

    private static IEnumerable<KernelCase> Cases()
    {
        foreach (var (rows, classes) in new[] { (1, 2), (7, 3), (128, 10), (255, 5), (257, 31), (600, 2), (64, 300) })
        {
            yield return Case(rows, classes);
        }

        yield return Case(33, 10, FillPattern.Large);
        yield return Case(33, 10, FillPattern.Normal, weights: FillPattern.Zero);
        yield return Case(33, 10, FillPattern.Normal, weights: FillPattern.Constant);
    }

    private static KernelCase<FreeMatchFairnessCall> Case(
        int rows, int classes, FillPattern fill = FillPattern.Normal, FillPattern weights = FillPattern.Integers)
    {
        const float Scale = 0.3f;
        return new(
            $"rows={rows} classes={classes} {fill}{(weights == FillPattern.Integers ? "" : $" weights {weights}")}",
            [
                Operand.In("logits", (long)rows * classes, fill),
                Operand.In("weights", rows, weights, 2),
                Operand.In("averages", 1 + (2 * classes), FillPattern.Positive),
                Operand.Out("loss", 1, rows + classes),
                Operand.Out("gradient", (long)rows * classes, rows + classes),
            ],
            m => new FreeMatchFairnessCall
            {
                Rows = rows,
                Classes = classes,
                Scale = Scale,
                Logits = m["logits"],
                Weights = m["weights"],
                Averages = m["averages"],
                Loss = m["loss"],
                LogitsGradient = m["gradient"],
            },
            v => v["loss"][0] = Reference(Scale, v["logits"], v["weights"], v["averages"], v["gradient"]));
    }
}
