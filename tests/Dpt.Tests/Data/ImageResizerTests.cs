namespace DPT.Engine.Dpt.Tests;

public class ImageResizerTests
{
    [Test]
    public void Apply_Halving_WeighsLikeATriangleOfTwoPixels()
    {
        // One row of weights for a factor of 2 inside the image is (1, 3, 3, 1) / 8.
        var source = new byte[64];
        for (var y = 0; y < 8; y++)
        {
            source[(8 * y) + 3] = 160;
        }

        var target = new byte[16];
        new ImageResizer.Filter(8, 4).Apply(source, target);
        Assert.That(target[4..8], Is.EqualTo([0, 60, 20, 0]));
    }

    [Test]
    public void Apply_AnySizes_KeepsAConstantImage()
    {
        foreach (var (from, to) in new[] { (1, 5), (5, 1), (7, 3), (3, 7), (16, 16), (16, 15) })
        {
            var source = new byte[from * from];
            Array.Fill(source, (byte)77);
            var target = new byte[to * to];
            new ImageResizer.Filter(from, to).Apply(source, target);
            Assert.That(target, Is.All.EqualTo(77), $"{from} to {to}");
        }
    }

    [Test]
    public void Apply_SameSize_ChangesNothing()
    {
        var source = TestImages.Ramp(1, 6, 6);
        var target = new byte[36];
        new ImageResizer.Filter(6, 6).Apply(source, target);
        Assert.That(target, Is.EqualTo(source));
    }
}
