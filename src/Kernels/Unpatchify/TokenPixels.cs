namespace DPT.Engine.Kernels;

/// <summary>Where the pixels of images lie among their tokens; the channels of a pixel are neighbours.</summary>
internal struct TokenPixels
{
    /// <summary>C.</summary>
    public int Channels;

    /// <summary>S.</summary>
    public int ImageSize;

    /// <summary>p.</summary>
    public int PatchSize;

    /// <summary>e.</summary>
    public int ExtraTokens;

    /// <summary>Numbers in a token.</summary>
    public readonly int PatchElements => Channels * PatchSize * PatchSize;

    /// <summary>Patches along one side.</summary>
    public readonly int Side => ImageSize / PatchSize;

    /// <summary>Numbers in the tokens of an image.</summary>
    public readonly long Elements => (long)(ExtraTokens + (Side * Side)) * PatchElements;

    /// <summary>Whether there is such a pixel.</summary>
    public readonly bool Contains(int y, int x) => y >= 0 && y < ImageSize && x >= 0 && x < ImageSize;

    /// <summary>The first channel of a pixel, counted from the image's first token.</summary>
    public readonly long Of(int y, int x)
    {
        var patchRow = y / PatchSize;
        var patchColumn = x / PatchSize;
        var row = y - (patchRow * PatchSize);
        var column = x - (patchColumn * PatchSize);
        var token = ExtraTokens + (patchRow * Side) + patchColumn;
        return ((long)token * PatchElements) + (((row * PatchSize) + column) * Channels);
    }
}
