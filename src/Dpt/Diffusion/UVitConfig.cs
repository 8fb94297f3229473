using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>The sizes of a U-ViT (spec 4.1).</summary>
/// <param name="ImageSize">Side of the image, S.</param>
/// <param name="PatchSize">Side of a patch, p; divides S.</param>
/// <param name="Channels">Channels.</param>
/// <param name="Width">Token width, D.</param>
/// <param name="Depth">Blocks without the middle one, L; even.</param>
/// <param name="Heads">Attention heads; divides D.</param>
/// <param name="NumClasses">Rows of the label table, the null class included; 0 for an unconditional model.</param>
/// <param name="Convolution">End in a 3x3 convolution.</param>
/// <param name="FastStart">
/// False: the official starting values. True: PyTorch's default linear layers, label embedding 0.5, positions 0.3,
/// an identity convolution, which small models learn from several times faster.
/// </param>
/// <param name="Recompute">Recompute each block's activations in the backward pass.</param>
public sealed record UVitConfig(
    int ImageSize,
    int PatchSize,
    int Channels,
    int Width,
    int Depth,
    int Heads,
    int NumClasses,
    bool Convolution,
    bool FastStart = false,
    bool Recompute = false)
{
    /// <summary>Hidden width of the MLP over D; 4 in every official model.</summary>
    public int MlpRatio { get; init; } = 4;

    /// <summary>Whether queries, keys and values have a bias; no official model has.</summary>
    public bool QkvBias { get; init; }

    /// <summary>Whether each block of the second half is given what its partner in the first half made; every official model does.</summary>
    public bool LongSkip { get; init; } = true;

    /// <summary>Whether the token of the time goes through an MLP first, D to 4 D to D; in no official model. D is even then, and at least 4.</summary>
    public bool MlpTimeEmbed { get; init; }

    /// <summary>Tokens in front of the patches: label (if conditional) and time.</summary>
    public int ExtraTokens => NumClasses > 0 ? 2 : 1;

    /// <summary>Index of the null class: the last row of the label table.</summary>
    public int NullClass => NumClasses - 1;

    /// <summary>The geometry for a batch.</summary>
    public PatchGrid Grid(int batch) => new(batch, Channels, ImageSize, PatchSize, ExtraTokens);

    /// <summary>The configuration that options ask for on images of a data set.</summary>
    public static UVitConfig From(DiffusionOptions options, ImageForm form) => new(
        form.Side,
        options.PatchSize,
        form.Channels,
        options.Width,
        options.Depth,
        options.Heads,
        form.Classes + 1,
        options.Convolution,
        options.Initialisation switch
        {
            "official" => false,
            "fast" => true,
            var other => throw new DptException(
                FailureKind.Usage, $"diffusion.initialisation '{other}' is not known; use official or fast"),
        },
        options.Recompute)
    {
        MlpRatio = options.MlpRatio,
        QkvBias = options.QkvBias,
        LongSkip = options.LongSkip,
        MlpTimeEmbed = options.MlpTimeEmbed,
    };

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="DptException">A size does not fit; the message says which.</exception>
    public void Validate()
    {
        Require(PatchSize >= 1 && ImageSize % PatchSize == 0, $"patch {PatchSize} does not divide the image size {ImageSize}");
        Require(Depth >= 0 && Depth % 2 == 0, $"depth {Depth} is not even");
        Require(Heads >= 1 && Width >= 2 && Width % Heads == 0, $"{Heads} heads do not divide the width {Width}");
        Require(MlpRatio >= 1, $"an MLP of {MlpRatio} times the width");
        Require(NumClasses >= 0, $"{NumClasses} classes");
        Require(!MlpTimeEmbed || TakesTimeMlp(Width), $"an MLP on time takes an even width of 4 and more, not {Width}");
    }

    /// <summary>The limit of the sinusoids that an MLP is given.</summary>
    internal static bool TakesTimeMlp(int width) => width >= 4 && width % 2 == 0;

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new DptException(FailureKind.Usage, $"U-ViT: {otherwise}");
        }
    }
}
