namespace DPT.Engine.Dpt.Tests;

/// <summary>Files of moments without an autoencoder: what is in them follows a formula.</summary>
internal static class MomentsMaker
{
    public const int Count = 5, Channels = 2, Side = 3, Length = Channels * Side * Side;

    public static ImageDataset Images { get; } = TestImages.Cyclic(Count, 2);

    /// <summary>Moment k of an image, or of its copy.</summary>
    public static float Moment(int image, bool isCopy, int k) => (float)Math.Sin((100 * image) + (isCopy ? 50 : 0) + (1.7 * k));

    /// <summary>Writes the file.</summary>
    /// <param name="path">Where.</param>
    /// <param name="views">Images and copies; files of <c>dpt encode</c> have two.</param>
    public static void Write(string path, int views = LatentFile.Views)
    {
        var origin = new Dictionary<string, string>
        {
            [LatentFile.Autoencoder] = "abc", [LatentFile.Images] = Images.Hash, [LatentFile.Precision] = "fp32",
        };
        LatentFile.Write(path, Images, origin, [views, 2 * Channels, Side, Side], first => Enumerable.Range(first, Count - first).Select(i => Row(i, views)));
    }

    private static float[] Row(int image, int views) =>
        [.. Enumerable.Range(0, views).SelectMany(view => Enumerable.Range(0, 2 * Length).Select(k => Moment(image, view == 1, k)))];
}
