namespace DPT.Engine.Dpt;

/// <summary>What pixels of 0 to 255 become before a trained network sees them: (pixel - mean) / deviation, per channel.</summary>
public sealed class PixelScale
{
    private static readonly PixelScale[] All =
    [
        new("imagenet", "mean and deviation of ImageNet's channels are taken out, as torchvision and timm do",
            [0.485 * 255, 0.456 * 255, 0.406 * 255], [0.229 * 255, 0.224 * 255, 0.225 * 255]),
        new("signed", "-1 to 1, as Inception has it", [127.5, 127.5, 127.5], [127.5, 127.5, 127.5]),
        new("unit", "0 to 1", [0, 0, 0], [255, 255, 255]),
        new("bytes", "0 to 255", [0, 0, 0], [1, 1, 1]),
        new("caffe", "0 to 255 without ImageNet's mean, blue first, as Caffe and CNTK have it",
            [103.939, 116.779, 123.68], [1, 1, 1]) { IsBlueFirst = true },
    ];

    private readonly double[] _mean;
    private readonly double[] _deviation;

    private PixelScale(string name, string description, double[] mean, double[] deviation)
    {
        (Name, Description) = (name, description);
        (_mean, _deviation) = (mean, deviation);
    }

    /// <summary>Those that there are, the commonest first.</summary>
    public static IReadOnlyList<PixelScale> Scales => All;

    /// <summary>The name that users give.</summary>
    public string Name { get; }

    /// <summary>What it makes of pixels, for people.</summary>
    public string Description { get; }

    private bool IsBlueFirst { get; init; }

    /// <summary>The scale of that name.</summary>
    /// <exception cref="DptException">Usage: there is none; the message lists those that exist.</exception>
    public static PixelScale Find(string name) => Named.Find(All, scale => scale.Name, name, "scale of pixels");

    /// <summary>The channel of an image of three that a network's channel is, both 0 to 2.</summary>
    internal int Source(int channel) => IsBlueFirst ? 2 - channel : channel;

    /// <summary>The same for a network of ours: mean and deviation of its channels, of pixels scaled to 0..1.</summary>
    /// <param name="channels">Channels of the network, 1 or 3.</param>
    internal NormalisationStatistics Statistics(int channels) => new(
        [.. _mean.Take(channels).Select(mean => (float)(mean / 255))],
        [.. _deviation.Take(channels).Select(deviation => (float)(deviation / 255))]);

    /// <summary>What each of the 256 values becomes in a channel of the network, 0 to 2.</summary>
    internal float[] Table(int channel) =>
        [.. Enumerable.Range(0, 256).Select(pixel => (float)((pixel - _mean[channel]) / _deviation[channel]))];
}
