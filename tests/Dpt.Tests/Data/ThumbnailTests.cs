namespace DPT.Engine.Dpt.Tests;

/// <summary>Thumbnails read back.</summary>
public sealed class ThumbnailTests
{
    [TestCase(1, 4, 8, 4)]
    [TestCase(3, 4, 8, 4)]
    [TestCase(1, 16, 8, 8)]
    [TestCase(3, 16, 8, 8)]
    public void Png_IsThatImage_AndNoLargerThanAskedFor(int channels, int side, int most, int expected)
    {
        var length = channels * side * side;
        byte[] pixels = [.. Enumerable.Range(0, 3).SelectMany(i => Enumerable.Repeat((byte)(50 * i), length))];
        var png = Thumbnail.Png(new ImageDataset("three", ["a", "b"], channels, side, pixels, [0, 1, 0]), 2, most);
        var header = ImageFile.ReadHeader(png);
        Assert.That((header.Width, header.Height, header.Channels), Is.EqualTo((expected, expected, channels)));
        var read = new byte[channels * expected * expected];
        ImageFile.Decode(png, channels, expected, read);
        Assert.That(read, Is.All.EqualTo(100));
    }
}
