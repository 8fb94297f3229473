namespace DPT.Engine.Dpt.Tests;

/// <summary>An epoch is a permutation drawn uniformly: every image at every place and after every other equally often.</summary>
public sealed class ShuffleTests
{
    private const int Count = 8;
    private const int Epochs = 8000;

    [Test]
    public void Shuffled_ManyEpochs_LooksUniform()
    {
        var sampler = BatchSampler.Shuffled(Count, seed: 4, stream: 2);
        var (places, followers) = (new int[Count * Count], new int[Count * Count]);
        var epoch = new int[Count];
        for (var e = 0; e < Epochs; e++)
        {
            sampler.Draw(e, epoch);
            Assert.That(epoch.Order(), Is.EqualTo(Enumerable.Range(0, Count)));
            for (var place = 0; place < Count; place++)
            {
                places[(epoch[place] * Count) + place]++;
                followers[(epoch[place] * Count) + epoch[(place + 1) % Count]]++;
            }
        }

        RequireEven(places, Epochs / Count);
        RequireEven([.. followers.Where((_, i) => i / Count != i % Count)], Epochs / (Count - 1));
    }

    /// <summary>Batches that do not divide an epoch go on in the next one, and none is skipped or repeated.</summary>
    [Test]
    public void Shuffled_AnyBatch_CutsTheSameSequence()
    {
        int[] Sequence(int batch)
        {
            var sampler = BatchSampler.Shuffled(Count, seed: 4, stream: 2);
            var indices = new int[batch];
            return [.. Enumerable.Range(0, 30 / batch).SelectMany(step =>
            {
                sampler.Draw(step, indices);
                return indices.ToArray();
            })];
        }

        foreach (var batch in new[] { 2, 3, 5, 15 })
        {
            Assert.That(Sequence(batch), Is.EqualTo(Sequence(1)));
        }
    }

    private static void RequireEven(int[] counts, double expected)
    {
        // Five deviations of a count.
        var deviation = Math.Sqrt(expected);
        Assert.That(counts, Is.All.InRange(expected - (5 * deviation), expected + (5 * deviation)));
    }
}
