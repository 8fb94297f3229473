namespace DPT.Engine.Dpt;

/// <summary>Images as arrays of NumPy, as guided diffusion keeps samples and <c>npz:FILE</c> reads them.</summary>
public static class ImageArrays
{
    /// <summary>Writes <c>arr_0</c>, uint8 [N,S,S,C], and <c>arr_1</c>, int64 [N]; the file appears whole or not at all.</summary>
    /// <param name="images">The images.</param>
    /// <param name="path">The file, whose name ends in <c>.npz</c>. Its folder must exist.</param>
    public static void Save(ImageDataset images, string path)
    {
        var (area, channels) = (images.ImageSize * images.ImageSize, images.Channels);
        var pixels = new byte[images.Pixels.Length];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (image, at) = Math.DivRem(i, images.ImageLength);
            pixels[i] = images.Pixels[(image * images.ImageLength) + (at % channels * area) + (at / channels)];
        }

        NpyFile.WriteImages(
            path,
            new NpyArray<byte>([images.Count, images.ImageSize, images.ImageSize, channels], pixels),
            new NpyArray<long>([images.Count], Array.ConvertAll(images.Labels, label => (long)label)));
    }
}
