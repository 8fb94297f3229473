namespace DPT.Engine.Dpt.Tests;

public class BatchSamplerTests
{
    private static readonly Func<int, ulong, uint, BatchSampler>[] _kinds = [BatchSampler.WithReplacement, BatchSampler.Shuffled];

    [TestCaseSource(nameof(_kinds))]
    public void Draw_AnyOrderOfSteps_DependsOnTheStepAlone(Func<int, ulong, uint, BatchSampler> kind)
    {
        var sampler = kind(100, 7, 3);
        var forward = Enumerable.Range(0, 30).Select(step => Draw(sampler, step, 16)).ToArray();
        var fresh = kind(100, 7, 3);
        for (var step = 29; step >= 0; step--)
        {
            Assert.That(Draw(fresh, step, 16), Is.EqualTo(forward[step]), $"step {step}");
        }

        Assert.That(Draw(kind(100, 8, 3), 0, 16), Is.Not.EqualTo(forward[0]));
        Assert.That(Draw(kind(100, 7, 4), 0, 16), Is.Not.EqualTo(forward[0]));
    }

    [Test]
    public void Shuffled_EveryEpoch_HoldsEveryImageOnceInAnotherOrder()
    {
        var sampler = BatchSampler.Shuffled(50, 1, 0);
        var stream = Enumerable.Range(0, 100).SelectMany(step => Draw(sampler, step, 7)).ToArray();
        var epochs = stream.Chunk(50).Where(chunk => chunk.Length == 50).ToArray();
        foreach (var epoch in epochs)
        {
            Assert.That(epoch.Order(), Is.EqualTo(Enumerable.Range(0, 50)));
        }

        Assert.That(epochs.Select(epoch => string.Join(' ', epoch)).Distinct().Count(), Is.EqualTo(epochs.Length));
    }

    [Test]
    public void WithReplacement_ManyDraws_AreUniform()
    {
        var counts = new int[20];
        var sampler = BatchSampler.WithReplacement(20, 5, 1);
        for (var step = 0; step < 1000; step++)
        {
            foreach (var index in Draw(sampler, step, 20))
            {
                counts[index]++;
            }
        }

        // 1000 expected, deviation 31: five deviations.
        Assert.That(counts, Is.All.InRange(845, 1155));
    }

    /// <summary>Each part is what its own sampler draws for as many rows; the second's images follow the first's.</summary>
    [TestCase(0)]
    [TestCase(5)]
    [TestCase(12)]
    public void Joined_Parts_AreThoseOfTheirSamplers(int rows)
    {
        var (first, second) = (BatchSampler.WithReplacement(10, 3, 1), BatchSampler.WithReplacement(40, 3, 2));
        var joined = BatchSampler.Joined(first, rows, second);
        Assert.That(joined.Count, Is.EqualTo(50));
        for (var step = 0; step < 20; step++)
        {
            var batch = Draw(joined, step, 12);
            Assert.That(batch[..rows], Is.EqualTo(Draw(first, step, rows)));
            Assert.That(batch[rows..].Select(image => image - 10), Is.EqualTo(Draw(second, step, 12 - rows)));
        }
    }

    private static int[] Draw(BatchSampler sampler, long step, int size)
    {
        var indices = new int[size];
        sampler.Draw(step, indices);
        return indices;
    }
}
