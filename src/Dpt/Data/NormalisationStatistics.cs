namespace DPT.Engine.Dpt;

/// <summary>Mean and deviation of each channel, of pixel values scaled to 0..1.</summary>
/// <param name="Mean">[C].</param>
/// <param name="Deviation">[C], at least 1/255 so that a constant channel can be divided by it.</param>
public sealed record NormalisationStatistics(float[] Mean, float[] Deviation)
{
    /// <summary>The statistics over all images of a data set. Sums of bytes are exact: the order does not matter.</summary>
    public static NormalisationStatistics Of(ImageDataset images)
    {
        var (mean, deviation) = (new float[images.Channels], new float[images.Channels]);
        var plane = images.ImageSize * images.ImageSize;
        var (sums, squares) = (new long[images.Channels], new long[images.Channels]);
        for (var i = 0; i < images.Count; i++)
        {
            var image = images.Image(i);
            for (var c = 0; c < images.Channels; c++)
            {
                foreach (var value in image.Slice(c * plane, plane))
                {
                    sums[c] += value;
                    squares[c] += value * value;
                }
            }
        }

        var count = (double)images.Count * plane;
        for (var c = 0; c < images.Channels; c++)
        {
            var average = sums[c] / count;
            mean[c] = (float)(average / 255);
            deviation[c] = (float)(Math.Sqrt(Math.Max((squares[c] / count) - (average * average), 1)) / 255);
        }

        return new NormalisationStatistics(mean, deviation);
    }
}
