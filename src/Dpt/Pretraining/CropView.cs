using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>A rectangle of a square image that fills a view: shares of the image, from its middle.</summary>
/// <param name="Width">Width over that of the image, above 0 and at most 1.</param>
/// <param name="Height">Height over that of the image.</param>
/// <param name="Right">How far its middle lies to the right of the image's, over the image's width.</param>
/// <param name="Down">How far it lies below.</param>
/// <param name="IsMirrored">Whether the image is mirrored first.</param>
internal readonly record struct CropView(double Width, double Height, double Right, double Down, bool IsMirrored)
{
    /// <summary>Proportions are within 3:4 and 4:3, as torchvision has them.</summary>
    private const double MostAspect = 4.0 / 3;

    /// <summary>
    /// Draws a crop of a random share of the area, with random proportions, anywhere inside. A side that would be longer than the image is as
    /// long as it; torchvision draws again. The mirror's word is drawn even where mirroring is not allowed.
    /// </summary>
    /// <param name="random">The view's stream.</param>
    /// <param name="area">Shares of the image's area, in (0, 1].</param>
    /// <param name="flip">Whether half of the views are mirrored.</param>
    public static CropView Sample(ref PhiloxStream random, AreaRange area, bool flip)
    {
        var share = area.Least + ((area.Most - area.Least) * random.NextUniform());
        var aspect = Math.Pow(MostAspect, (2 * random.NextUniform()) - 1);
        var (width, height) = (Math.Min(1, Math.Sqrt(share * aspect)), Math.Min(1, Math.Sqrt(share / aspect)));
        var (right, down) = ((random.NextUniform() - 0.5) * (1 - width), (random.NextUniform() - 0.5) * (1 - height));
        return new CropView(width, height, right, down, random.NextUniform() < 0.5f && flip);
    }

    /// <summary>Writes what <see cref="AugmentEdmCall"/> is told.</summary>
    /// <param name="size">Side of the image.</param>
    /// <param name="map">Receives the map from view to image, <see cref="EdmAugmentation.MapLength"/>.</param>
    /// <param name="labels">Receives the mirror, <see cref="EdmAugmentation.Labels"/>.</param>
    public void Write(int size, Span<float> map, Span<float> labels)
    {
        map[..EdmAugmentation.MapLength].Clear();
        (map[0], map[2]) = ((float)Width, (float)(Right * size));
        (map[4], map[5]) = ((float)Height, (float)(Down * size));
        labels[..EdmAugmentation.Labels].Clear();
        labels[0] = IsMirrored ? 1 : 0;
    }
}

/// <summary>Shares of an image's area that crops have.</summary>
/// <param name="Least">The smallest, above 0.</param>
/// <param name="Most">The largest, at most 1.</param>
internal readonly record struct AreaRange(double Least, double Most);
