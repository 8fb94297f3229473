namespace DPT.Engine.Dpt;

/// <summary>How a network is trained without labels; the usual values are for small images on a short budget.</summary>
internal sealed record MsnOptions
{
    /// <summary>Sizes of the ViT whose features are wanted.</summary>
    public ClassifierOptions Network { get; init; } =
        new() { Network = "vit", PatchSize = 4, Width = 96, Depth = 4, Heads = 3, MlpRatio = 4 };

    /// <summary>Updates.</summary>
    public int Steps { get; init; } = 4000;

    /// <summary>Updates in which the learning rate rises.</summary>
    public int WarmUp { get; init; } = 200;

    /// <summary>The largest learning rate; the first is a fifth of it, and the cosine ends at a thousandth.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Share of itself that the target keeps in the first update, in [0, 1); the published training, of 800 epochs, has 0.996.</summary>
    public double Momentum { get; init; } = 0.99;

    /// <summary>Images, and views of each.</summary>
    public MsnViewConfig Views { get; init; } = new(Images: 64, SmallViews: 2, Flip: false)
    {
        LargeArea = new(0.6, 1), SmallArea = new(0.3, 0.6),
    };

    /// <summary>Share of the patches of a masked view that is dropped, in [0, 1).</summary>
    public double PatchDrop { get; init; } = 0.15;

    /// <summary>Prototypes, at least 2.</summary>
    public int Prototypes { get; init; } = 32;

    /// <summary>Width of the hidden layers of the head.</summary>
    public int HiddenWidth { get; init; } = 256;

    /// <summary>Numbers of an embedding and of a prototype.</summary>
    public int EmbeddingWidth { get; init; } = 64;

    /// <summary>Largest norm of the gradient, prototypes apart; 0 does not clip.</summary>
    public double ClipNorm { get; init; } = 3;

    /// <summary>The constants of the loss.</summary>
    public MsnLossConfig Loss { get; init; } = new();

    /// <summary>What the settings ask for; the constants of the loss are the published ones.</summary>
    /// <exception cref="DptException">Usage: the least share that small views show is above the largest.</exception>
    public static MsnOptions Of(PretrainOptions options)
    {
        Usage.Require(
            options.SmallFrom <= options.SmallTo,
            FormattableString.Invariant($"pretrain.smallFrom is {options.SmallFrom}, above pretrain.smallTo, {options.SmallTo}"));
        return new MsnOptions
        {
            Network = new ClassifierOptions
            {
                Network = "vit",
                PatchSize = options.PatchSize,
                Width = options.Width,
                Depth = options.Depth,
                Heads = options.Heads,
                MlpRatio = options.MlpRatio,
            },
            Steps = options.Steps,
            WarmUp = options.WarmUp,
            LearningRate = options.LearningRate,
            ClipNorm = options.ClipNorm,
            Momentum = options.Momentum,
            Views = new MsnViewConfig(options.Batch, options.SmallViews, options.Flip)
            {
                LargeArea = new(options.LargeFrom, 1), SmallArea = new(options.SmallFrom, options.SmallTo),
            },
            PatchDrop = options.PatchDrop,
            Prototypes = options.Prototypes,
            HiddenWidth = options.HiddenWidth,
            EmbeddingWidth = options.EmbeddingWidth,
        };
    }
}
