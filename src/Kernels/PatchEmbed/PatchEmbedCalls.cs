namespace DPT.Engine.Kernels;

/// <summary>The geometry that patch embedding and its inverse share.</summary>
/// <param name="Batch">Images, B.</param>
/// <param name="Channels">Channels, C.</param>
/// <param name="ImageSize">Side of the square image, S; a multiple of the patch.</param>
/// <param name="PatchSize">Side of a patch, p.</param>
/// <param name="ExtraTokens">Tokens in front of the patches, e.</param>
public readonly record struct PatchGrid(int Batch, int Channels, int ImageSize, int PatchSize, int ExtraTokens)
{
    /// <summary>Patches along one side.</summary>
    public int Side => ImageSize / PatchSize;

    /// <summary>Patches of an image, n.</summary>
    public int Patches => Side * Side;

    /// <summary>Tokens of an image, e + n.</summary>
    public int Tokens => ExtraTokens + Patches;

    /// <summary>Numbers in a patch, C p p.</summary>
    public int PatchElements => Channels * PatchSize * PatchSize;

    /// <summary>Numbers in an image, C S S.</summary>
    public int ImageElements => Channels * ImageSize * ImageSize;

    /// <inheritdoc/>
    public override string ToString() => $"B={Batch} {OfImage}";

    /// <summary>The sizes of one image in one short line.</summary>
    internal string OfImage => $"C={Channels} S={ImageSize} p={PatchSize} e={ExtraTokens}";

    internal void Validate(string op)
    {
        Require.Size(op, "batch", Batch);
        Require.Size(op, "channels", Channels, 1, 4096);
        Require.Size(op, "image size", ImageSize, 1, 1 << 14);
        Require.Size(op, "patch size", PatchSize, 1, ImageSize);
        Require.Size(op, "extra tokens", ExtraTokens, 0, 16);
        Require.Size(op, "numbers of an image", (long)Channels * ImageSize * ImageSize);
        Require.Size(op, "planes of all images", (long)Batch * Channels);
        Require.Size(op, "patches of all images", (long)Batch * Patches);
        Require.That(op, ImageSize % PatchSize == 0, $"image size {ImageSize} is not a multiple of patch {PatchSize}");
    }
}

/// <summary>
/// Images to tokens in one pass: strided convolution, bias, position, and the extra tokens written in place, in the
/// order label, time, class (those whose operand is given). Every token gets its row of <see cref="Position"/>.
/// </summary>
public readonly record struct PatchEmbedForwardCall : IKernelCall
{
    private const string Op = "patchembed.forward";

    /// <summary>Geometry; ExtraTokens must equal the number of extra operands given.</summary>
    public required PatchGrid Grid { get; init; }

    /// <summary>Token width, D.</summary>
    public required int Width { get; init; }

    /// <summary>Images, [B,C,S,S].</summary>
    public required Slice<float> Image { get; init; }

    /// <summary>Projection, [D,C,p,p].</summary>
    public required Slice<float> Weight { get; init; }

    /// <summary>Bias of the projection, [D].</summary>
    public required Slice<float> Bias { get; init; }

    /// <summary>Position embedding, [e+n,D].</summary>
    public required Slice<float> Position { get; init; }

    /// <summary>Number of rows of <see cref="LabelTable"/>; 0 if there is no label token.</summary>
    public int LabelRows { get; init; }

    /// <summary>Label embeddings, [LabelRows,D].</summary>
    public Slice<float> LabelTable { get; init; }

    /// <summary>
    /// Row of the table for each image, [B], each in 0..LabelRows-1. The host throws at any other number; on a GPU the
    /// image's label token becomes NaN.
    /// </summary>
    public Slice<int> Labels { get; init; }

    /// <summary>
    /// Network time of each image, [B]: its token is [cos(t f_i) | sin(t f_i)], f_i = 10000^(-i/half), half = D/2.
    /// </summary>
    public Slice<float> Times { get; init; }

    /// <summary>A learned token that is the same for every image, [D].</summary>
    public Slice<float> ClassToken { get; init; }

    /// <summary>Result, [B,e+n,D].</summary>
    public required Slice<float> Tokens { get; init; }

    /// <inheritdoc/>
    public string Shape => $"B={Grid.Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"{Grid.OfImage} D={Width}";

    /// <inheritdoc/>
    public double Flops => 2.0 * Grid.Batch * Grid.Patches * Grid.PatchElements * Width;

    /// <inheritdoc/>
    public double Bytes => 4.0 * ((Grid.Batch * (double)Grid.ImageElements) + ((double)Width * Grid.PatchElements)
        + ((double)Grid.Tokens * Width) + ((double)Grid.Batch * Grid.Tokens * Width));

    /// <inheritdoc/>
    public void Validate()
    {
        Grid.Validate(Op);
        Require.Size(Op, "width", Width, 2);
        Require.Operand(Op, nameof(Image), Image, (long)Grid.Batch * Grid.ImageElements);
        Require.Operand(Op, nameof(Weight), Weight, (long)Width * Grid.PatchElements);
        Require.Operand(Op, nameof(Bias), Bias, Width);
        Require.Operand(Op, nameof(Position), Position, (long)Grid.Tokens * Width);
        Require.Operand(Op, nameof(Tokens), Tokens, (long)Grid.Batch * Grid.Tokens * Width);
        Require.OperandIfGiven(Op, nameof(Labels), Labels, Grid.Batch);
        Require.OperandIfGiven(Op, nameof(LabelTable), LabelTable, (long)LabelRows * Width);
        Require.OperandIfGiven(Op, nameof(Times), Times, Grid.Batch);
        Require.OperandIfGiven(Op, nameof(ClassToken), ClassToken, Width);
        Require.That(Op, Labels.IsEmpty == LabelTable.IsEmpty, "labels and their table go together");
        var extra = (Labels.IsEmpty ? 0 : 1) + (Times.IsEmpty ? 0 : 1) + (ClassToken.IsEmpty ? 0 : 1);
        Require.That(Op, Grid.ExtraTokens == extra, $"{Grid.ExtraTokens} extra tokens, operands for {extra}");
    }
}

/// <summary>Gradient of <see cref="PatchEmbedForwardCall"/> with respect to its parameters; all are added to.</summary>
public readonly record struct PatchEmbedBackwardCall : IKernelCall
{
    private const string Op = "patchembed.backward";

    /// <summary>Geometry.</summary>
    public required PatchGrid Grid { get; init; }

    /// <summary>Token width, D.</summary>
    public required int Width { get; init; }

    /// <summary>Images, [B,C,S,S].</summary>
    public required Slice<float> Image { get; init; }

    /// <summary>Gradient of the tokens, [B,e+n,D].</summary>
    public required Slice<float> TokensGradient { get; init; }

    /// <summary>Number of rows of the label table; 0 if there is no label token.</summary>
    public int LabelRows { get; init; }

    /// <summary>
    /// Row of the table for each image, [B], each in 0..LabelRows-1. The host throws at any other number; a GPU leaves
    /// the image out of the table's gradient.
    /// </summary>
    public Slice<int> Labels { get; init; }

    /// <summary>There is a time token (it has no gradient, but it takes a place).</summary>
    public bool HasTime { get; init; }

    /// <summary>Gradient of the projection, [D,C,p,p].</summary>
    public required Slice<float> WeightGradient { get; init; }

    /// <summary>Gradient of the bias, [D].</summary>
    public required Slice<float> BiasGradient { get; init; }

    /// <summary>Gradient of the positions, [e+n,D].</summary>
    public required Slice<float> PositionGradient { get; init; }

    /// <summary>Gradient of the label table, [LabelRows,D].</summary>
    public Slice<float> LabelTableGradient { get; init; }

    /// <summary>Gradient of the class token, [D].</summary>
    public Slice<float> ClassTokenGradient { get; init; }

    /// <inheritdoc/>
    public string Shape => $"B={Grid.Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"{Grid.OfImage} D={Width}";

    /// <inheritdoc/>
    public double Flops => 2.0 * Grid.Batch * Grid.Patches * Grid.PatchElements * Width;

    /// <inheritdoc/>
    public double Bytes => 4.0 * ((Grid.Batch * (double)Grid.ImageElements)
        + ((double)Grid.Batch * Grid.Tokens * Width) + (2.0 * Width * Grid.PatchElements)
        + (2.0 * Grid.Tokens * Width));

    /// <inheritdoc/>
    public void Validate()
    {
        Grid.Validate(Op);
        Require.Size(Op, "width", Width, 2);
        Require.Operand(Op, nameof(Image), Image, (long)Grid.Batch * Grid.ImageElements);
        Require.Operand(Op, nameof(TokensGradient), TokensGradient, (long)Grid.Batch * Grid.Tokens * Width);
        Require.Operand(Op, nameof(WeightGradient), WeightGradient, (long)Width * Grid.PatchElements);
        Require.Operand(Op, nameof(BiasGradient), BiasGradient, Width);
        Require.Operand(Op, nameof(PositionGradient), PositionGradient, (long)Grid.Tokens * Width);
        Require.OperandIfGiven(Op, nameof(Labels), Labels, Grid.Batch);
        Require.OperandIfGiven(Op, nameof(LabelTableGradient), LabelTableGradient, (long)LabelRows * Width);
        Require.OperandIfGiven(Op, nameof(ClassTokenGradient), ClassTokenGradient, Width);
        Require.That(Op, Labels.IsEmpty == LabelTableGradient.IsEmpty, "labels and their table's gradient go together");
        var extra = (Labels.IsEmpty ? 0 : 1) + (HasTime ? 1 : 0) + (ClassTokenGradient.IsEmpty ? 0 : 1);
        Require.That(Op, Grid.ExtraTokens == extra, $"{Grid.ExtraTokens} extra tokens, operands for {extra}");
    }
}
