namespace DPT.Engine.Dpt;

/// <summary>
/// Whether mirror images belong to a set, asked of the images alone: if they do, a mirrored image has a neighbour among the others
/// as near as the image itself has.
/// </summary>
internal static class MirrorTest
{
    private const int Sample = 512;
    private const int ThumbnailSide = 16;

    /// <summary>
    /// Mean distance of mirrored images to the nearest of the other images, over that of the images as they are: 1 where mirroring
    /// changes nothing, above it where mirror images look unlike the set.
    /// </summary>
    /// <param name="images">At least two images; a fixed sample of them is compared, as thumbnails.</param>
    public static double Ratio(ImageDataset images)
    {
        var count = Math.Min(images.Count, Sample);
        var sample = images.Select([.. Enumerable.Range(0, count).Select(i => (int)((long)i * images.Count / count))]);
        var thumbnails = sample.ImageSize > ThumbnailSide ? ImageResizer.Resize(sample, ThumbnailSide) : sample;
        var (plain, mirrored) = (new double[count], new double[count]);
        Parallel.For(0, count, i =>
        {
            plain[i] = Nearest(thumbnails, i, thumbnails.Image(i));
            mirrored[i] = Nearest(thumbnails, i, Mirror(thumbnails.Image(i), thumbnails.ImageSize));
        });
        return plain.Sum() > 0 ? mirrored.Sum() / plain.Sum() : 1;
    }

    private static byte[] Mirror(ReadOnlySpan<byte> image, int side)
    {
        var mirrored = image.ToArray();
        for (var row = 0; row < mirrored.Length; row += side)
        {
            mirrored.AsSpan(row, side).Reverse();
        }

        return mirrored;
    }

    /// <summary>Distance to the nearest image that is not image <paramref name="self"/>.</summary>
    private static double Nearest(ImageDataset images, int self, ReadOnlySpan<byte> image)
    {
        var least = long.MaxValue;
        for (var other = 0; other < images.Count; other++)
        {
            if (other != self)
            {
                least = Math.Min(least, SquaredDistance(image, images.Image(other)));
            }
        }

        return Math.Sqrt(least);
    }

    private static long SquaredDistance(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        var sum = 0L;
        for (var i = 0; i < a.Length; i++)
        {
            var difference = a[i] - b[i];
            sum += difference * difference;
        }

        return sum;
    }
}
