namespace DPT.Engine.Dpt.Tests;

/// <summary>Which labelled images a batch of stage 3 holds.</summary>
public sealed class LabelledImagesTests
{
    private const int Few = 6, Drawn = 60, Batch = 32, Steps = 400;

    private readonly ImageDataset _few = TestImages.Noise(Few, classes: 3, imageSize: 8);
    private readonly ImageDataset _drawn = TestImages.Noise(Drawn, classes: 3, imageSize: 8);

    /// <summary>The paper's way: from all as from one set.</summary>
    [Test]
    public void WithoutAShare_EveryImageIsAsLikely()
    {
        var counts = Counts(LabelledImages.Of(_few, _drawn, realBatch: null));

        // 194 expected, deviation 14: five deviations.
        Assert.That(counts, Has.Length.EqualTo(Few + Drawn).And.All.InRange(194 - 70, 194 + 70));
    }

    /// <summary>So many rows from the few, the rest from the others, within each part alike.</summary>
    [TestCase(0)]
    [TestCase(8)]
    [TestCase(31)]
    public void WithAShare_PartsHaveTheirRows(int realBatch)
    {
        var counts = Counts(LabelledImages.Of(_few, _drawn, realBatch));
        Assert.That(counts[..Few].Sum(), Is.EqualTo(Steps * realBatch));
        RequireAlike(counts[..Few], Steps * realBatch / (double)Few);
        RequireAlike(counts[Few..], Steps * (Batch - realBatch) / (double)Drawn);
    }

    /// <summary>So the control and stage 3 learn the same true labels in the same updates.</summary>
    [Test]
    public void RealRows_AreThoseOfATrainingWithoutTheOthers()
    {
        var (alone, together) = (LabelledImages.Of(_few).Sampler(7), LabelledImages.Of(_few, _drawn, realBatch: 8).Sampler(7));
        for (var step = 0; step < 20; step++)
        {
            Assert.That(Draw(together, step)[..8], Is.EqualTo(Draw(alone, step)[..8]));
        }
    }

    /// <summary>Which real image is in a row says nothing of the drawn one in the row as far behind.</summary>
    [Test]
    public void Parts_AreDrawnIndependently()
    {
        var sampler = LabelledImages.Of(_few, _drawn, realBatch: Batch / 2).Sampler(seed: 7);
        var same = Enumerable.Range(0, Steps).Select(step => Draw(sampler, step)).Sum(
            batch => Enumerable.Range(0, Batch / 2).Count(row => batch[row] == (batch[row + (Batch / 2)] - Few) * Few / Drawn));

        // A sixth of 6400, deviation 30: five deviations.
        Assert.That(same, Is.EqualTo(Steps * Batch / 2 / 6).Within(150));
    }

    [TestCase(null, 64, null)]
    [TestCase(0.5, 64, 32)]
    [TestCase(0.5, 9, 4)]
    [TestCase(0.99, 1, 0)]
    [TestCase(0.0, 64, 0)]
    public void Share_LeavesRoomForAPseudoImage(double? share, int batch, int? expected) => Assert.That(
        (TinyOptions.Run.Stage3 with { RealShare = share, LabelledBatch = batch }).RealBatch, Is.EqualTo(expected));

    private static void RequireAlike(int[] counts, double expected) =>
        Assert.That(counts, Is.All.EqualTo(expected).Within(5 * Math.Sqrt(Math.Max(expected, 1))));

    private static int[] Counts(LabelledImages images)
    {
        var counts = new int[images.Images.Count];
        var sampler = images.Sampler(seed: 7);
        for (var step = 0; step < Steps; step++)
        {
            foreach (var image in Draw(sampler, step))
            {
                counts[image]++;
            }
        }

        return counts;
    }

    private static int[] Draw(BatchSampler sampler, int step)
    {
        var batch = new int[Batch];
        sampler.Draw(step, batch);
        return batch;
    }
}
