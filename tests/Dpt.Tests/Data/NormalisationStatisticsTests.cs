namespace DPT.Engine.Dpt.Tests;

public class NormalisationStatisticsTests
{
    [Test]
    public void Of_KnownPixels_GivesMeanAndDeviation()
    {
        var images = new ImageDataset("known", ["a", "b"], 3, 1, [0, 10, 100, 255, 10, 200], [0, 1]);
        var statistics = NormalisationStatistics.Of(images);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(statistics.Mean, Is.EqualTo([0.5f, 10 / 255f, 150 / 255f]).Within(1e-6f));
            Assert.That(statistics.Deviation, Is.EqualTo([0.5f, 1 / 255f, 50 / 255f]).Within(1e-6f));
        }
    }
}
