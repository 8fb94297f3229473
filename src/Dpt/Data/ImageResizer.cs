namespace DPT.Engine.Dpt;

/// <summary>Images of a set at another size.</summary>
internal static class ImageResizer
{
    /// <summary>All images at side <paramref name="size"/>.</summary>
    public static ImageDataset Resize(ImageDataset images, int size, ImageCrop crop = ImageCrop.Middle)
    {
        var (from, to) = (images.ImageSize * images.ImageSize, size * size);
        var resizer = new SquareResizer(images.ImageSize, images.ImageSize, size, crop);
        return images.Changed(size, (source, target) =>
        {
            for (var plane = 0; plane < images.Channels; plane++)
            {
                resizer.Apply(source.Slice(plane * from, from), target.Slice(plane * to, to));
            }
        });
    }
}
