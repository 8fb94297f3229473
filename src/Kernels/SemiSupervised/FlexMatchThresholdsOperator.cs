namespace DPT.Engine.Kernels;

/// <summary>
/// FlexMatch's thresholds (Zhang et al., NeurIPS 2021): a class that few images are surely of is asked for less. Every image remembers the
/// class that the model was last sure of, with at least Cutoff; a_c is the number of images that remember class c, over that of the commonest
/// class, or of those that remember none if they are more; and the threshold of a class is Cutoff a_c / (2 - a_c). Of several sure rows of
/// one image the last counts. A row with a number that is not finite says nothing.
/// </summary>
/// <remarks>
/// The thresholds are for the next batch: the official code selects first. Where every image remembers one and the same class it stops
/// to follow; here a is then 1.
/// </remarks>
public readonly record struct FlexMatchThresholdsCall : IKernelCall
{
    private const string Op = "flexmatch.thresholds";

    /// <summary>Number of rows, up to 2^24.</summary>
    public required int Rows { get; init; }

    /// <summary>Number of classes; Rows times Classes up to 2^31 - 2^16.</summary>
    public required int Classes { get; init; }

    /// <summary>The probability from which on a model is sure, in (0, 1].</summary>
    public required float Cutoff { get; init; }

    /// <summary>Class probabilities of the weak views, [Rows,Classes].</summary>
    public required Slice<float> Probabilities { get; init; }

    /// <summary>The image of each row, 0..N-1, not checked, [Rows].</summary>
    public required Slice<int> Images { get; init; }

    /// <summary>What each image remembers, [N]: 1 + class, 0 for none; updated. All start at 0.</summary>
    public required Slice<int> Remembered { get; init; }

    /// <summary>How many images remember none, and each class, [1 + Classes]; updated. They start at N and 0.</summary>
    public required Slice<int> Counts { get; init; }

    /// <summary>Written: the confidence that a prediction of each class needs in the next batch, [Classes].</summary>
    public required Slice<float> Thresholds { get; init; }

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"classes={Classes}";

    /// <inheritdoc/>
    public double Flops => (double)Rows * Classes;

    /// <inheritdoc/>
    public double Bytes => 4.0 * ((Rows * (Classes + 3.0)) + (3.0 * Classes));

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows, 1, FreeMatchThresholdsCall.MaxRows);
        Require.Size(Op, "classes", Classes);
        Require.Size(Op, "rows times classes", (long)Rows * Classes);
        Require.That(Op, Cutoff is > 0 and <= 1, $"the cutoff is {Cutoff}, it must be in (0, 1]");
        Require.Operand(Op, nameof(Probabilities), Probabilities, (long)Rows * Classes);
        Require.Operand(Op, nameof(Images), Images, Rows);
        Require.Operand(Op, nameof(Remembered), Remembered, 1);
        Require.Operand(Op, nameof(Counts), Counts, 1 + (long)Classes);
        Require.Operand(Op, nameof(Thresholds), Thresholds, Classes);
    }
}

/// <summary>FlexMatch's thresholds: the operator, its truth and its variants.</summary>
public static class FlexMatchThresholdsOperator
{
    /// <summary>What images remember, and thresholds, after a batch.</summary>
    public static Operator<FlexMatchThresholdsCall> Thresholds { get; } =
        new("flexmatch.thresholds", Cases, new FlexMatchThresholdsHostV1Rows(), new FlexMatchThresholdsV1Block());

    /// <summary>The threshold of a class.</summary>
    /// <param name="cutoff">That of the commonest class.</param>
    /// <param name="count">Images that remember it.</param>
    /// <param name="most">Images that remember the commonest class, or none if they are more; at least 1.</param>
    public static float Threshold(float cutoff, int count, int most)
    {
        var share = (float)count / most;
        return cutoff * (share / (2f - share));
    }

    private static IEnumerable<KernelCase> Cases()
    {
        foreach (var (rows, classes, images) in new[]
        {
            (1, 1, 1), (1, 2, 5), (7, 3, 2), (128, 10, 1000), (255, 5, 40), (257, 31, 300), (600, 2, 65), (64, 300, 50_000),
        })
        {
            yield return Case(rows, classes, images);
        }
    }

    /// <summary>As many rows are sure as are above what a distribution of so many classes has at most in the middle.</summary>
    private static KernelCase<FlexMatchThresholdsCall> Case(int rows, int classes, int images)
    {
        var cutoff = MathF.Min(0.9f, 1.8f / classes);
        return new(
            FormattableString.Invariant($"rows={rows} classes={classes} images={images} cutoff={cutoff}"),
            [
                Operand.In("probabilities", (long)rows * classes, FillPattern.Distribution, classes),
                Operand.InInt("images", rows, images),
                new Operand("remembered", OperandRole.Update, images, FillPattern.Integers, 1 + classes, Element: typeof(int)),
                new Operand("counts", OperandRole.Update, 1 + classes, FillPattern.Derived, Element: typeof(int)),
                Operand.Out("thresholds", classes),
            ],
            m => new FlexMatchThresholdsCall
            {
                Rows = rows,
                Classes = classes,
                Cutoff = cutoff,
                Probabilities = m["probabilities"],
                Images = m.Int("images"),
                Remembered = m.Int("remembered"),
                Counts = m.Int("counts"),
                Thresholds = m["thresholds"],
            },
            v => Reference(classes, cutoff, v["probabilities"], v["images"], v["remembered"], v["counts"], v["thresholds"]))
        {
            Derive = v => Count(v["remembered"], v["counts"]),
        };
    }

    private static void Reference(
        int classes, double cutoff, double[] probabilities, double[] images, double[] remembered, double[] counts, double[] thresholds)
    {
        foreach (var (row, p) in probabilities.Chunk(classes).Index())
        {
            var max = p.Max();
            if (p.All(double.IsFinite) && max >= cutoff)
            {
                remembered[(int)images[row]] = 1 + Array.IndexOf(p, max);
            }
        }

        Count(remembered, counts);
        for (var c = 0; c < classes; c++)
        {
            var share = counts[1 + c] / counts.Max();
            thresholds[c] = cutoff * (share / (2 - share));
        }
    }

    private static void Count(double[] remembered, double[] counts)
    {
        for (var i = 0; i < counts.Length; i++)
        {
            counts[i] = remembered.Count(label => label == i);
        }
    }
}
