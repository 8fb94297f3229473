namespace DPT.Engine.Dpt;

/// <summary>The sizes of an autoencoder like Stable Diffusion's (spec 4.2).</summary>
/// <param name="Channels">Channels of the images.</param>
/// <param name="Width">Channels of the first convolution, a multiple of 32; 128 officially.</param>
/// <param name="Multipliers">Channels of each level over the width, the largest images first; (1, 2, 4, 4) officially.</param>
/// <param name="Blocks">Residual blocks of a level of the encoder, one more of the decoder; 2 officially.</param>
/// <param name="LatentChannels">Channels of a latent; 4 officially.</param>
public sealed record KlAutoencoderConfig(int Channels, int Width, IReadOnlyList<int> Multipliers, int Blocks, int LatentChannels)
{
    /// <summary>Groups of every norm.</summary>
    internal const int Groups = 32;

    private const int MostLevels = 10;

    /// <summary>The multipliers as settings have them: 1:2:4:4.</summary>
    public string ChannelMultipliers => string.Join(':', Multipliers);

    /// <summary>Pixels of a side for one of a latent; 8 officially.</summary>
    public int Reduction => 1 << (Multipliers.Count - 1);

    /// <summary>Channels at each level, the largest images first.</summary>
    internal IReadOnlyList<int> Widths => [.. Multipliers.Select(multiplier => checked(Width * multiplier))];

    /// <summary>Floats that an image takes on its way through either half, as passes without gradients were seen to take: in blocks at its own size, or in attention.</summary>
    /// <param name="side">Side of the image.</param>
    internal long FloatsOf(int side)
    {
        const long OfBlocks = 10, OfAttention = 38, OfTables = 4;
        var (pixels, tokens) = ((long)side * side, (long)side * side / (Reduction * Reduction));
        return Math.Max(OfBlocks * pixels * Width, (OfAttention * tokens * Widths[^1]) + (OfTables * tokens * tokens));
    }

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="DptException">Usage: a size does not fit; the message says which.</exception>
    public void Validate()
    {
        Usage.Require(Width >= 1 && Width % Groups == 0, $"an autoencoder of width {Width}: it must be a multiple of {Groups}, the groups of its norms");
        Usage.Require(Multipliers.Count is >= 1 and <= MostLevels, $"an autoencoder of {Multipliers.Count} levels, 1 to {MostLevels} can be had");
        Usage.Require(Multipliers.All(multiplier => multiplier >= 1), $"an autoencoder with channels times {ChannelMultipliers}: each must be at least 1");
        Usage.Require(Channels >= 1 && Blocks >= 1 && LatentChannels >= 1, "an autoencoder has at least 1 channel, 1 block a level and 1 latent channel");
    }
}
