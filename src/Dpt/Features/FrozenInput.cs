namespace DPT.Engine.Dpt;

/// <summary>
/// Images as a trained network wants them: resized as <see cref="SquareResizer"/> does it, grey ones in all channels, pixels scaled as
/// <see cref="PixelScale"/> says.
/// </summary>
/// <param name="channels">Channels of the network, 1 or 3.</param>
/// <param name="side">Side that it takes.</param>
/// <param name="scale">What it wants pixels to be.</param>
internal sealed class FrozenInput(int channels, int side, PixelScale scale)
{
    private readonly float[][] _tables = [.. Enumerable.Range(0, channels).Select(scale.Table)];

    /// <summary>Numbers of an image, C S S.</summary>
    public int Length => channels * side * side;

    /// <summary>Whether images have channels that the network cannot take.</summary>
    public bool IsTooColourful(int channelsOfImages) => channelsOfImages > channels;

    /// <summary>Writes images one after the other.</summary>
    /// <param name="images">Of no more channels than the network.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="count">How many.</param>
    /// <param name="target">Receives them, [count, C, S, S].</param>
    public void Fill(ImageDataset images, int first, int count, float[] target)
    {
        var resizer = new SquareResizer(images.ImageSize, images.ImageSize, side);
        _ = Parallel.For(0, count, i => Fill(images, first + i, resizer, target.AsSpan(i * Length, Length)));
    }

    private void Fill(ImageDataset images, int index, SquareResizer resizer, Span<float> target)
    {
        var (from, to) = (images.ImageSize * images.ImageSize, side * side);
        var image = images.Image(index);
        var resized = new byte[to];
        for (var c = 0; c < channels; c++)
        {
            resizer.Apply(image.Slice(images.Channels == 1 ? 0 : scale.Source(c) * from, from), resized);
            var table = _tables[c];
            var place = target.Slice(c * to, to);
            for (var i = 0; i < to; i++)
            {
                place[i] = table[resized[i]];
            }
        }
    }
}
