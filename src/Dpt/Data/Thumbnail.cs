namespace DPT.Engine.Dpt;

/// <summary>An image of a data set as a small PNG, for pages and lists.</summary>
public static class Thumbnail
{
    /// <summary>The bytes of the PNG.</summary>
    /// <param name="images">The data set.</param>
    /// <param name="index">Which image of it.</param>
    /// <param name="mostPixels">Largest side; images above it are made smaller, none larger.</param>
    public static byte[] Png(ImageDataset images, int index, int mostPixels)
    {
        var image = new ImageDataset(
            images.Name, images.ClassNames, images.Channels, images.ImageSize, images.Image(index).ToArray(), [images.Labels[index]]);
        var small = image.ImageSize > mostPixels ? ImageResizer.Resize(image, mostPixels) : image;
        using var png = new MemoryStream();
        ImageFile.EncodePng(png, small.Pixels, small.Channels, small.ImageSize, small.ImageSize);
        return png.ToArray();
    }
}
