namespace DPT.Engine.Dpt;

/// <summary>What <c>config.json</c> says of a network of another tool.</summary>
/// <param name="Network">Its sizes.</param>
/// <param name="Channels">Channels of its images.</param>
/// <param name="Classes">Of a SongUNet its classes; of a U-ViT: rows of its table of labels, 0 without one. Of others: what the head tells apart, 0 without a head.</param>
/// <param name="ImageSize">Side of its images; null if it takes any.</param>
internal sealed record ForeignDescription(ForeignSizes Network, int Channels, int Classes, int? ImageSize = null);

/// <summary>Sizes of a network of another tool; null are those that it does not have.</summary>
/// <param name="Width">Width of a token; of a wide residual network, channels of the first group; of a SongUNet and an autoencoder, of the first convolution.</param>
/// <param name="Depth">Blocks; of a U-ViT without the one in the middle; of a wide residual network, layers; of a SongUNet and an autoencoder, blocks of a level.</param>
/// <param name="PatchSize">Side of a patch.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="MlpRatio">Hidden width of an MLP over the width.</param>
/// <param name="Convolution">Of a U-ViT: whether a convolution is at its end.</param>
/// <param name="QkvBias">Of a U-ViT: whether queries, keys and values have a bias.</param>
/// <param name="LongSkip">Of a U-ViT: whether it has long skip connections.</param>
/// <param name="MlpTimeEmbed">Of a U-ViT: whether an MLP is on the time.</param>
internal sealed record ForeignSizes(
    int Width,
    int Depth,
    int? PatchSize = null,
    int? Heads = null,
    int? MlpRatio = null,
    bool? Convolution = null,
    bool? QkvBias = null,
    bool? LongSkip = null,
    bool? MlpTimeEmbed = null)
{
    /// <summary>Of a SongUNet and an autoencoder: channels of each level over the width, as settings have them.</summary>
    public string? ChannelMultipliers { get; init; }

    /// <summary>Of a ViT: whether it has layer scale; null if not.</summary>
    public bool? LayerScale { get; init; }

    /// <summary>Of a ViT: its register tokens; null if there are none.</summary>
    public int? Registers { get; init; }

    /// <summary>Of an autoencoder: channels of a latent.</summary>
    public int? LatentChannels { get; init; }
}
