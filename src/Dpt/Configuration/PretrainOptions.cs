namespace DPT.Engine.Dpt;

/// <summary>A vision transformer and its training without labels, as masked siamese networks (spec 2.2).</summary>
public sealed record PretrainOptions
{
    /// <summary>Side of a patch, in pixels; it divides half the side of the images.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Token width, which is how many numbers a feature has.</summary>
    public required int Width { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Depth { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Hidden width of the MLP over the token width.</summary>
    public required int MlpRatio { get; init; }

    /// <summary>Optimiser updates.</summary>
    public required int Steps { get; init; }

    /// <summary>Updates in which the learning rate rises.</summary>
    public required int WarmUp { get; init; }

    /// <summary>Peak learning rate; the first is a fifth of it, and the cosine would end at a thousandth.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Largest global gradient norm, prototypes apart; 0 does not clip.</summary>
    public required double ClipNorm { get; init; }

    /// <summary>Share of itself that the target keeps in the first update; it rises towards 1.</summary>
    public required double Momentum { get; init; }

    /// <summary>Images in a batch, at least 2.</summary>
    public required int Batch { get; init; }

    /// <summary>Small views of each image, beside the target's and the masked one.</summary>
    public required int SmallViews { get; init; }

    /// <summary>Mirror half of the views.</summary>
    public required bool Flip { get; init; }

    /// <summary>Least share of an image that its large views show.</summary>
    public required double LargeFrom { get; init; }

    /// <summary>Least share of an image that its small views show.</summary>
    public required double SmallFrom { get; init; }

    /// <summary>Largest share of an image that its small views show.</summary>
    public required double SmallTo { get; init; }

    /// <summary>Share of the patches that masked views lose.</summary>
    public required double PatchDrop { get; init; }

    /// <summary>Prototypes that views are assigned to.</summary>
    public required int Prototypes { get; init; }

    /// <summary>Width of the hidden layers of the projection head.</summary>
    public required int HiddenWidth { get; init; }

    /// <summary>Numbers of a prototype and of what is compared with it.</summary>
    public required int EmbeddingWidth { get; init; }
}
