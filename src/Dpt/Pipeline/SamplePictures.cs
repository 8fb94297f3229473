namespace DPT.Engine.Dpt;

/// <summary>The pictures of a round's pseudo-images: some of every class, and some beside the training image that is nearest to each.</summary>
/// <param name="folder">The stage.</param>
/// <param name="images">The pseudo-images, as many of each class, class by class.</param>
internal sealed class SamplePictures(StageFolder folder, ImageDataset images)
{
    private const int Columns = 16;
    private const int Pixels = 48;

    private int PerClass => images.Count / images.Classes;

    /// <summary>The first images of every class, a row each.</summary>
    public void SaveSamples()
    {
        var columns = Math.Min(Columns, PerClass);
        Save(folder.SamplesPath, [.. First(columns).Select(i => images.Image(i).ToArray())], columns);
    }

    /// <summary>
    /// The first images of every class, each followed by the training image with the nearest features: a generator that has learned its
    /// training images by heart shows pairs.
    /// </summary>
    /// <param name="features">Features of the pseudo-images, [images, width].</param>
    /// <param name="train">The training images.</param>
    /// <param name="trainFeatures">Their features, [train, width].</param>
    public void SaveNeighbours(float[] features, ImageDataset train, float[] trainFeatures)
    {
        var pairs = Math.Min(Columns / 2, PerClass);
        var width = features.Length / images.Count;
        int[] shown = [.. First(pairs)];
        var neighbours = NearestRows.Of([.. shown.SelectMany(i => features.AsSpan(i * width, width).ToArray())], trainFeatures, width);
        Save(
            folder.NeighboursPath,
            [.. shown.Zip(neighbours).SelectMany(pair => (byte[][])[images.Image(pair.First).ToArray(), train.Image(pair.Second).ToArray()])],
            2 * pairs);
    }

    private IEnumerable<int> First(int count) =>
        Enumerable.Range(0, images.Classes).SelectMany(label => Enumerable.Range(label * PerClass, count));

    private void Save(string path, byte[][] shown, int columns) => SampleGrid.Save(
        path, [.. shown.SelectMany(image => image)], images.Channels, images.ImageSize, columns, Math.Max(1, Pixels / images.ImageSize));
}
