namespace DPT.Engine.Kernels;

/// <summary>
/// Images with parts of others in them: y_r = image Own_r, and where both the line and the column of a pixel have one of the other image,
/// image Pasted_r there, in all channels. Lines and columns are the same in all rows; they say what is pasted and how it is resized.
/// </summary>
/// <remarks>
/// Source: CutMix (Yun et al., ICCV 2019), where they are the pixel's own, and ResizeMix (Qin et al., 2020), where they go through the whole
/// of the other image.
/// </remarks>
public readonly record struct MixPasteCall : IKernelCall
{
    private const string Op = "mix.paste";

    /// <summary>Lines of an image that three channels of are a size.</summary>
    private const int MaxSide = 1 << 14;

    /// <summary>Images that are made.</summary>
    public required int Rows { get; init; }

    /// <summary>Images that there are.</summary>
    public required int SourceRows { get; init; }

    /// <summary>Channels of an image.</summary>
    public required int Channels { get; init; }

    /// <summary>Lines, and columns, of an image.</summary>
    public required int Side { get; init; }

    /// <summary>The images that there are, [SourceRows,Channels,Side,Side].</summary>
    public required Slice<float> Images { get; init; }

    /// <summary>
    /// Which image is around the part of another, [Rows], 0..SourceRows-1. The host throws at any other number, of
    /// <see cref="Pasted"/>, <see cref="Lines"/> and <see cref="Columns"/> too; on a GPU what needs it becomes NaN.
    /// </summary>
    public required Slice<int> Own { get; init; }

    /// <summary>Which image has a part in it, [Rows], 0..SourceRows-1.</summary>
    public required Slice<int> Pasted { get; init; }

    /// <summary>The line of the other image in each line, [Side]: less than Side, negative for none.</summary>
    public required Slice<int> Lines { get; init; }

    /// <summary>The column of the other image in each column, [Side]: less than Side, negative for none.</summary>
    public required Slice<int> Columns { get; init; }

    /// <summary>Written: the images that are made, [Rows,Channels,Side,Side].</summary>
    public required Slice<float> Mixed { get; init; }

    /// <summary>Numbers of an image.</summary>
    public int Width => Channels * Side * Side;

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"channels={Channels} side={Side}";

    /// <inheritdoc/>
    public double Flops => 0;

    /// <inheritdoc/>
    public double Bytes => 8.0 * Rows * Width;

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows);
        Require.Size(Op, "source rows", SourceRows);
        Require.Size(Op, "channels", Channels);
        Require.Size(Op, "side", Side, 1, MaxSide);
        Require.Size(Op, "numbers of an image", (long)Channels * Side * Side);
        Require.Operand(Op, nameof(Images), Images, (long)SourceRows * Width);
        Require.Operand(Op, nameof(Own), Own, Rows);
        Require.Operand(Op, nameof(Pasted), Pasted, Rows);
        Require.Operand(Op, nameof(Lines), Lines, Side);
        Require.Operand(Op, nameof(Columns), Columns, Side);
        Require.Operand(Op, nameof(Mixed), Mixed, (long)Rows * Width);
    }
}

/// <summary>Images with parts of others in them: the operator, its truth and its variants.</summary>
public static class MixPasteOperator
{
    /// <summary>Puts parts of images into others.</summary>
    public static Operator<MixPasteCall> Paste { get; } = new("mix.paste", Cases, new MixPasteHostV1Lines(), new MixPasteV1Elements());

    private static IEnumerable<KernelCase> Cases()
    {
        yield return Case(1, 1, 1, 1, from: 0, to: 1);
        foreach (var (rows, sources, channels, side, from, to) in new[]
        {
            (1, 2, 3, 5, 1, 4), (7, 3, 1, 8, 0, 3), (5, 9, 3, 17, 9, 17), (3, 4, 2, 33, 0, 33), (130, 6, 1, 7, 2, 6), (2, 3, 3, 64, 5, 50),
        })
        {
            yield return Case(rows, sources, channels, side, from, to);
        }

        yield return Case(4, 5, 3, 9, from: 6, to: 6);
    }

    /// <summary>A case that pastes all of an image, made smaller, into a box.</summary>
    private static KernelCase<MixPasteCall> Case(int rows, int sources, int channels, int side, int from, int to) => new(
        FormattableString.Invariant($"rows={rows} sources={sources} channels={channels} side={side} box={from}..{to}"),
        [
            Operand.In("images", (long)sources * channels * side * side),
            Operand.InInt("own", rows, sources),
            Operand.InInt("pasted", rows, sources),
            new Operand("lines", OperandRole.Input, side, FillPattern.Derived, Element: typeof(int)),
            new Operand("columns", OperandRole.Input, side, FillPattern.Derived, Element: typeof(int)),
            Operand.Out("mixed", (long)rows * channels * side * side),
        ],
        m => new MixPasteCall
        {
            Rows = rows,
            SourceRows = sources,
            Channels = channels,
            Side = side,
            Images = m["images"],
            Own = m.Int("own"),
            Pasted = m.Int("pasted"),
            Lines = m.Int("lines"),
            Columns = m.Int("columns"),
            Mixed = m["mixed"],
        },
        v => Reference(channels, side, v["images"], v["own"], v["pasted"], v["lines"], v["columns"], v["mixed"]))
    {
        Derive = v =>
        {
            for (var i = 0; i < side; i++)
            {
                // Columns begin one further on than lines, and run backwards.
                var (line, column) = (i - from, to - 1 - i);
                v["lines"][i] = i >= from && i < to ? line * side / (to - from) : -1;
                v["columns"][i] = i > from && i < to ? column : -1 - i;
            }
        },
    };

    private static void Reference(
        int channels, int side, double[] images, double[] own, double[] pasted, double[] lines, double[] columns, double[] mixed)
    {
        for (var at = 0; at < mixed.Length; at++)
        {
            var (x, y, plane) = (at % side, at / side % side, at / side / side);
            var (row, channel) = (plane / channels, plane % channels);
            var isPasted = lines[y] >= 0 && columns[x] >= 0;
            var (image, line, column) = isPasted ? (pasted[row], lines[y], columns[x]) : (own[row], y, x);
            mixed[at] = images[(int)((((((image * channels) + channel) * side) + line) * side) + column)];
        }
    }
}
