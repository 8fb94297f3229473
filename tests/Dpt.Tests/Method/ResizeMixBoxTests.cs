namespace DPT.Engine.Dpt.Tests;

/// <summary>ResizeMix's boxes: where they are, how large, and what they are drawn from.</summary>
public sealed class ResizeMixBoxTests
{
    private const int Side = 32;

    private static readonly ResizeMixBox[] _boxes = [.. Enumerable.Range(0, 4000).Select(step => ResizeMixBox.Draw(seed: 7, step, Side))];

    /// <summary>A side is an even number of pixels between those of 0.1 and 0.8 of the image's, less what the borders cut off.</summary>
    [Test]
    public void Boxes_AreInTheImage_AndAsLargeAsTheirScopeSays()
    {
        Assert.That(_boxes.Select(box => Math.Min(box.Left, box.Top)), Is.All.AtLeast(0).And.Some.Zero);
        Assert.That(_boxes.Select(box => Math.Max(box.Right, box.Bottom)), Is.All.AtMost(Side).And.Some.EqualTo(Side));
        var whole = _boxes.Where(box => box.Left > 0 && box.Top > 0 && box.Right < Side && box.Bottom < Side).ToList();
        Assert.That(whole.Select(box => box.Right - box.Left), Is.EqualTo(whole.Select(box => box.Bottom - box.Top)));
        Assert.That(_boxes.Select(box => box.Right - box.Left), Is.All.InRange(1, 24).And.Some.EqualTo(24));
        Assert.That(whole.Min(box => box.Right - box.Left), Is.EqualTo(2));
    }

    /// <summary>
    /// The side before the cut is 0.1 + 0.7 sqrt(u) of the image's: 0.1 + 0.7 (2/3) = 0.567 in the mean, 18.1 pixels of 32 with fractions,
    /// and half a pixel to one less when they are dropped and the half is taken. A middle is anywhere, so borders cut some of it off.
    /// </summary>
    [Test]
    public void Boxes_AreDistributedAsTheirRootSays()
    {
        var middle = _boxes.Where(box => box.Left > 0 && box.Right < Side).ToList();
        var largest = _boxes.Max(box => box.Right - box.Left);

        // Of boxes of the side s that are not cut, 1 - s/32 are drawn; so weighed, their mean is that of all.
        var mean = middle.Sum(box => (box.Right - box.Left) / (double)(Side - (box.Right - box.Left)))
            / middle.Sum(box => 1.0 / (Side - (box.Right - box.Left)));
        Assert.That(mean, Is.EqualTo(17.2).Within(0.7));
        Assert.That(_boxes.Average(box => (box.Left + box.Right) / 2.0), Is.EqualTo(15.8).Within(0.6));
        Assert.That(_boxes.Average(box => (box.Top + box.Bottom) / 2.0), Is.EqualTo(15.8).Within(0.6));
        Assert.That(largest, Is.EqualTo(24));
    }

    [Test]
    public void Boxes_DependOnSeedAndStep()
    {
        Assert.That(ResizeMixBox.Draw(seed: 7, step: 3, Side), Is.EqualTo(_boxes[3]));
        Assert.That(_boxes[..8], Is.Unique);
        Assert.That(ResizeMixBox.Draw(seed: 8, step: 3, Side), Is.Not.EqualTo(_boxes[3]));
    }

    /// <summary>What is pasted and what it counts for agree, also where small images have no box.</summary>
    [TestCase(32)]
    [TestCase(8)]
    [TestCase(1)]
    public void Share_IsThatOfThePixelsThatArePasted(int side)
    {
        var (lines, columns) = (new int[side], new int[side]);
        for (var step = 0; step < 200; step++)
        {
            var box = ResizeMixBox.Draw(seed: 7, step, side);
            box.Resize(lines, columns);
            Assert.That(box.ShareOf(side), Is.EqualTo(lines.Count(i => i >= 0) * columns.Count(i => i >= 0) / (double)(side * side)));
            Assert.That(lines.Concat(columns), Is.All.LessThan(side));
        }

        Assert.That(Enumerable.Range(0, 200).Any(step => ResizeMixBox.Draw(seed: 7, step, side).ShareOf(side) == 0), Is.EqualTo(side < 20));
    }

    /// <summary>Of 10 pixels the middle is 9, of which the first stands at 0: three of them are 0, 3 and 6.</summary>
    [Test]
    public void Resizing_SmallNumbers_ByHand()
    {
        var (lines, columns) = (new int[10], new int[10]);
        new ResizeMixBox(Left: 2, Top: 7, Right: 5, Bottom: 9).Resize(lines, columns);
        Assert.That(columns, Is.EqualTo(new[] { -1, -1, 0, 3, 6, -1, -1, -1, -1, -1 }));
        Assert.That(lines, Is.EqualTo(new[] { -1, -1, -1, -1, -1, -1, -1, 0, 4, -1 }));
        lines = new int[32];
        new ResizeMixBox(Left: 0, Top: 0, Right: 10, Bottom: 4).Resize(lines, columns);
        Assert.That(lines[..4], Is.EqualTo(new[] { 2, 9, 16, 23 }), "28 of 32 pixels from 2 on, every seventh");
    }
}
