namespace DPT.Engine.Dpt;

/// <summary>What <c>config.json</c> says of a network of another tool.</summary>
/// <param name="Network">Its sizes.</param>
/// <param name="Channels">Channels of its images.</param>
/// <param name="ImageSize">Their side.</param>
/// <param name="Classes">Of a U-ViT: rows of its table of labels, 0 without one. Of a ViT: what its head tells apart, 0 without a head.</param>
internal sealed record ForeignDescription(ForeignSizes Network, int Channels, int ImageSize, int Classes);

/// <summary>Sizes of a network of another tool.</summary>
/// <param name="PatchSize">Side of a patch.</param>
/// <param name="Width">Width of a token.</param>
/// <param name="Depth">Blocks; of a U-ViT without the one in the middle.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="MlpRatio">Hidden width of an MLP over the width.</param>
/// <param name="Convolution">Of a U-ViT: whether a convolution is at its end.</param>
/// <param name="QkvBias">Of a U-ViT: whether queries, keys and values have a bias.</param>
/// <param name="LongSkip">Of a U-ViT: whether it has long skip connections.</param>
internal sealed record ForeignSizes(
    int PatchSize, int Width, int Depth, int Heads, int MlpRatio, bool? Convolution = null, bool? QkvBias = null, bool? LongSkip = null);
