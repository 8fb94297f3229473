namespace DPT.Engine.Kernels;

/// <summary>
/// RegMixMatch's pairs (Han et al., AAAI 2025): the images that take part, in their order a_0..a_(n-1), and the same in another order b_0..b_(n-1), so
/// that a_i is mixed with b_i, and has the targets of both: 1 - Share of the one's class, Share of the other's. A batch has Rows rows,
/// however many take part: row r holds pair i = floor(r n / Rows), so each is there once or as often as there is room; the first of them has
/// weight <see cref="Weight"/>, the others 0. Where none takes part each row is paired with itself, without weight.
/// </summary>
/// <remarks>
/// The first implementation makes a batch of the n images. For a network in which an image's scores are its own that is the same; where
/// batch norm sees them all, an image counts in the statistics as often as it is there: if n divides Rows as it does there.
/// </remarks>
public readonly record struct RegMixMatchPairsCall : IKernelCall
{
    private const string Op = "regmixmatch.pairs";

    /// <summary>Number of rows, up to 2^24.</summary>
    public required int Rows { get; init; }

    /// <summary>Number of classes; Rows times Classes up to 2^31 - 2^16.</summary>
    public required int Classes { get; init; }

    /// <summary>Of the first row of a pair.</summary>
    public required float Weight { get; init; }

    /// <summary>Class of each image, [Rows], 0..Classes-1.</summary>
    public required Slice<int> Labels { get; init; }

    /// <summary>Positive for an image that takes part, [Rows].</summary>
    public required Slice<float> TakesPart { get; init; }

    /// <summary>The other order of all images, [Rows]: a permutation of 0..Rows-1.</summary>
    public required Slice<int> Order { get; init; }

    /// <summary>How much of a mixed image is of the other one, one element in 0..1.</summary>
    public required Slice<float> Share { get; init; }

    /// <summary>Written: the image of each row, [Rows].</summary>
    public required Slice<int> Own { get; init; }

    /// <summary>Written: the image that it is mixed with, [Rows].</summary>
    public required Slice<int> Pasted { get; init; }

    /// <summary>Written: what each row is to be taken for, [Rows,Classes].</summary>
    public required Slice<float> Targets { get; init; }

    /// <summary>Written: the weight of each row, [Rows].</summary>
    public required Slice<float> Weights { get; init; }

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"classes={Classes}";

    /// <inheritdoc/>
    public double Flops => (double)Rows * Classes;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Rows * (Classes + 6.0);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows, 1, FreeMatchThresholdsCall.MaxRows);
        Require.Size(Op, "classes", Classes);
        Require.Size(Op, "rows times classes", (long)Rows * Classes);
        Require.Operand(Op, nameof(Labels), Labels, Rows);
        Require.Operand(Op, nameof(TakesPart), TakesPart, Rows);
        Require.Operand(Op, nameof(Order), Order, Rows);
        Require.Operand(Op, nameof(Share), Share, 1);
        Require.Operand(Op, nameof(Own), Own, Rows);
        Require.Operand(Op, nameof(Pasted), Pasted, Rows);
        Require.Operand(Op, nameof(Targets), Targets, (long)Rows * Classes);
        Require.Operand(Op, nameof(Weights), Weights, Rows);
    }
}

/// <summary>RegMixMatch's pairs: the operator, its truth and its variants.</summary>
public static class RegMixMatchPairsOperator
{
    /// <summary>Which images are mixed, what they are to be taken for, and with which weight.</summary>
    public static Operator<RegMixMatchPairsCall> Pairs { get; } =
        new("regmixmatch.pairs", Cases, new RegMixMatchPairsHostV1Rows(), new RegMixMatchPairsV1Block());

    private static IEnumerable<KernelCase> Cases()
    {
        foreach (var (rows, classes, takesPart) in new[]
        {
            (1, 1, FillPattern.Normal), (2, 2, FillPattern.Normal), (7, 3, FillPattern.Normal), (64, 10, FillPattern.Normal),
            (257, 5, FillPattern.Normal), (600, 2, FillPattern.Normal), (33, 300, FillPattern.Normal), (40, 4, FillPattern.Positive),
            (9, 3, FillPattern.Zero),
        })
        {
            yield return Case(rows, classes, takesPart);
        }
    }

    private static KernelCase<RegMixMatchPairsCall> Case(int rows, int classes, FillPattern takesPart) => new(
        $"rows={rows} classes={classes} {takesPart}",
        [
            Operand.InInt("labels", rows, classes),
            Operand.In("takesPart", rows, takesPart),
            new Operand("order", OperandRole.Input, rows, FillPattern.Derived, Element: typeof(int)),
            Operand.In("share", 1, FillPattern.Unit),
            new Operand("own", OperandRole.Output, rows, Element: typeof(int)),
            new Operand("pasted", OperandRole.Output, rows, Element: typeof(int)),
            Operand.Out("targets", (long)rows * classes),
            Operand.Out("weights", rows),
        ],
        m => new RegMixMatchPairsCall
        {
            Rows = rows,
            Classes = classes,
            Weight = 0.25f,
            Labels = m.Int("labels"),
            TakesPart = m["takesPart"],
            Order = m.Int("order"),
            Share = m["share"],
            Own = m.Int("own"),
            Pasted = m.Int("pasted"),
            Targets = m["targets"],
            Weights = m["weights"],
        },
        v => Reference(
            classes, weight: 0.25, v["labels"], v["takesPart"], v["order"], v["share"][0], v["own"], v["pasted"], v["targets"], v["weights"]))
    {
        Derive = v =>
        {
            for (var i = 0; i < rows; i++)
            {
                v["order"][i] = i;
            }

            new Random(v.Seed).Shuffle(v["order"]);
        },
    };

    private static void Reference(
        int classes, double weight, double[] labels, double[] takesPart, double[] order, double share,
        double[] own, double[] pasted, double[] targets, double[] weights)
    {
        var rows = labels.Length;
        bool TakesPart(int image) => takesPart[image] > 0;
        int[] first = [.. Enumerable.Range(0, rows).Where(TakesPart)];
        int[] second = [.. order.Select(image => (int)image).Where(TakesPart)];
        Array.Clear(targets);
        Array.Clear(weights);
        for (var row = 0; row < rows; row++)
        {
            var pair = (int)((long)row * first.Length / rows);
            var (a, b) = first.Length == 0 ? (row, row) : (first[pair], second[pair]);
            (own[row], pasted[row]) = (a, b);
            targets[(row * classes) + (int)labels[a]] += 1 - share;
            targets[(row * classes) + (int)labels[b]] += share;
            weights[row] = first.Length > 0 && (row == 0 || own[row - 1] != a) ? weight : 0;
        }
    }
}
