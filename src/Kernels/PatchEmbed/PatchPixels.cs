using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>The patches of all images as a matrix [B n, C p p] that kernels read in place.</summary>
internal struct PatchPixels
{
    /// <summary>Images, [B,C,S,S].</summary>
    public ArrayView<float> Image;

    /// <summary>C.</summary>
    public int Channels;

    /// <summary>S.</summary>
    public int ImageSize;

    /// <summary>p.</summary>
    public int PatchSize;

    /// <summary>Element <paramref name="k"/> = (channel, row, column) of patch <paramref name="patch"/>.</summary>
    public readonly float At(int patch, int k)
    {
        var side = ImageSize / PatchSize;
        var patches = side * side;
        var image = patch / patches;
        var place = patch - (image * patches);
        var patchRow = place / side;
        var patchColumn = place - (patchRow * side);

        var plane = PatchSize * PatchSize;
        var channel = k / plane;
        var inPlane = k - (channel * plane);
        var row = inPlane / PatchSize;
        var column = inPlane - (row * PatchSize);

        var line = (((((long)image * Channels) + channel) * side) + patchRow) * PatchSize;
        return Image[((line + row) * ImageSize) + (patchColumn * PatchSize) + column];
    }
}
