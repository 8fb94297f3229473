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
        for (var c = 0; c < images.Channels; c++)
        {
            var (sum, squares) = (0L, 0L);
            for (var i = 0; i < images.Count; i++)
            {
                foreach (var value in images.Image(i).Slice(c * plane, plane))
                {
                    sum += value;
                    squares += value * value;
                }
            }

            var count = (double)images.Count * plane;
            var average = sum / count;
            mean[c] = (float)(average / 255);
            deviation[c] = (float)(Math.Sqrt(Math.Max((squares / count) - (average * average), 1)) / 255);
        }

        return new NormalisationStatistics(mean, deviation);
    }
}
