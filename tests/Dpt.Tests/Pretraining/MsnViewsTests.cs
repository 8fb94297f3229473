using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>The views of a step: whose they are, what they show, and that the number of the step says all of it.</summary>
public sealed class MsnViewsTests
{
    private const int Side = 16, Images = 6;

    /// <summary>Crops lie inside of the image, have the share that was asked for, and are mirrored half of the time where they may be.</summary>
    [Test]
    public void Crops_AreInsideAndOfTheirArea([Values] bool flip)
    {
        const int Draws = 4000;
        var area = new AreaRange(0.2, 0.6);
        var (mirrored, shares, lefts, aspects) = (0, new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < Draws; i++)
        {
            var random = new PhiloxStream(3, RunStreams.PretrainView, i);
            var crop = CropView.Sample(ref random, area, flip);
            Assert.That(Math.Abs(crop.Right) + (crop.Width / 2), Is.LessThanOrEqualTo(0.5 + 1e-9));
            Assert.That(Math.Abs(crop.Down) + (crop.Height / 2), Is.LessThanOrEqualTo(0.5 + 1e-9));
            aspects.Add(crop.Width / crop.Height);
            shares.Add(crop.Width * crop.Height);
            lefts.Add(crop.Right / (1 - crop.Width));
            mirrored += crop.IsMirrored ? 1 : 0;
        }

        // Deviations of means of uniform numbers: a 63rd of 0.29 widths; five of them.
        Assert.That(shares, Is.All.InRange(0.2 - 1e-9, 0.6 + 1e-9));
        Assert.That(aspects, Is.All.InRange(0.75 - 1e-9, (4.0 / 3) + 1e-9).And.Some.LessThan(0.76).And.Some.GreaterThan(1.32));
        Assert.That(shares.Average(), Is.EqualTo(0.4).Within(0.4 * 0.023));
        Assert.That(lefts.Average(), Is.Zero.Within(0.023));
        Assert.That(lefts.Max() - lefts.Min(), Is.GreaterThan(0.98));
        Assert.That(mirrored / (double)Draws, Is.EqualTo(flip ? 0.5 : 0).Within(0.04));
    }

    /// <summary>A side that does not fit is as long as the image.</summary>
    [Test]
    public void Crops_OfTheWholeArea_Fit()
    {
        for (var i = 0; i < 100; i++)
        {
            var random = new PhiloxStream(3, RunStreams.PretrainView, i);
            var crop = CropView.Sample(ref random, new AreaRange(1, 1), flip: false);
            Assert.That(Math.Max(crop.Width, crop.Height), Is.EqualTo(1));
            Assert.That(Math.Min(crop.Width, crop.Height), Is.InRange(Math.Sqrt(0.75) - 1e-9, 1));
        }
    }

    /// <summary>The middle of a ramp is where the crop's middle is, and it is as steep as the crop is wide.</summary>
    [Test]
    public void Crop_ShowsItsRectangle()
    {
        var crop = new CropView(Width: 0.5, Height: 0.25, Right: 0.125, Down: -0.25, IsMirrored: false);
        var (map, labels) = (new float[EdmAugmentation.MapLength], new float[EdmAugmentation.Labels]);
        crop.Write(Side, map, labels);
        Assert.That(map, Is.EqualTo([0.5, 0, 2, 0, 0.25, -4]));
        Assert.That(labels, Is.All.Zero);
        (crop with { IsMirrored = true }).Write(Side, map, labels);
        Assert.That(labels, Is.EqualTo([1, 0, 0, 0, 0, 0, 0, 0, 0]));
    }

    /// <summary>
    /// Images of one brightness each: every row of every view is of the image that its place says, the first views in the order of the
    /// batch, the small ones too, view after view; six steps of seven see every image of 42 once.
    /// </summary>
    [Test]
    public void Views_AreOfTheImagesOfTheirPlaces()
    {
        using var device = new HostDevice(threads: 1);
        using var tape = new Tape(device);
        var images = Constant(count: 7 * Images);
        using var views = new MsnViews(
            device, images, new NormalisationStatistics([0], [1 / 255f]), new MsnViewConfig(Images, SmallViews: 2, Flip: true), seed: 4);
        var seen = new List<int>();
        for (var step = 0; step < 7; step++)
        {
            views.Draw(step);
            var target = Brightness(views.Target, Side);
            Assert.That(Brightness(views.Masked, Side), Is.EqualTo(target));
            Assert.That(Brightness(views.Small(tape), Side / 2), Is.EqualTo([.. target, .. target]));
            seen.AddRange(target);
        }

        Assert.That(seen, Is.EquivalentTo(Enumerable.Range(0, 7 * Images)));

        List<int> Brightness(Tensor batch, int side)
        {
            Assert.That(batch.Shape.Last, Is.EqualTo(side));
            var values = device.Download(batch.Data).Chunk(side * side).ToList();
            Assert.That(values.Select(image => image.Max() - image.Min()), Is.All.LessThan(0.01), "constant images stay constant");
            return [.. values.Select(image => (int)Math.Round(image.Average()))];
        }
    }

    /// <summary>The views of an image are different crops, those of the next step too, and a step draws the same again.</summary>
    [Test]
    public void Views_DependOnTheStepAlone()
    {
        using var device = new HostDevice(threads: 1);
        using var tape = new Tape(device);

        // One image again and again: which are drawn says nothing, so crops alone differ.
        var images = TestImages.Noise(Images, classes: 3, Side).Select(new int[Images]);
        using var views = new MsnViews(
            device, images, NormalisationStatistics.Of(images), new MsnViewConfig(Images, SmallViews: 1, Flip: true), seed: 4);
        var (first, second) = (Read(0), Read(1));
        Assert.That(Read(0), Is.EqualTo(first));
        Assert.That(second, Is.Not.EqualTo(first));
        Assert.That(first.AsSpan(0, Images * Side * Side).ToArray(), Is.Not.EqualTo(first.AsSpan(Images * Side * Side, Images * Side * Side).ToArray()));
        Assert.That(Halved(views.Masked), Is.Not.EqualTo(device.Download(views.Small(tape).Data)), "the small views are those that are masked");

        float[] Halved(Tensor large) =>
            device.Download(tape.DownSample(tape.Reshape(large, new TensorShape(Images * large.Shape[1], Side, Side, 1))).Data);

        float[] Read(int step)
        {
            views.Draw(step);
            return [.. device.Download(views.Target.Data), .. device.Download(views.Masked.Data), .. device.Download(views.Small(tape).Data)];
        }
    }

    private static ImageDataset Constant(int count) => new(
        "constant",
        ["one", "two"],
        1,
        Side,
        [.. Enumerable.Range(0, count).SelectMany(i => Enumerable.Repeat((byte)i, Side * Side))],
        new int[count]);
}
