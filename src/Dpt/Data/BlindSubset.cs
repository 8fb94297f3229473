namespace DPT.Engine.Dpt;

/// <summary>
/// Which images a limit keeps: drawn by seed from all of them, without a look at their labels. A subset balanced by true
/// labels would tell the method what it has to find out.
/// </summary>
internal static class BlindSubset
{
    /// <summary>
    /// Positions of the training images kept, ascending. The run's seed decides, as over everything random in it.
    /// </summary>
    public static int[] OfTraining(int count, DataOptions options, int seed) =>
        Draw(count, options.TrainLimit, (ulong)(uint)seed, RunStreams.TrainSubset);

    /// <summary>Positions of the test images kept, ascending; the same for every seed, so that seeds can be compared.</summary>
    public static int[] OfTest(int count, DataOptions options) => Draw(count, options.TestLimit, seed: 0, RunStreams.TestSubset);

    private static int[] Draw(int count, int? limit, ulong seed, uint stream)
    {
        var kept = new int[Math.Min(count, limit ?? count)];
        if (kept.Length == 0)
        {
            return kept;
        }

        BatchSampler.Shuffled(count, seed, stream).Draw(step: 0, kept);
        Array.Sort(kept);
        return kept;
    }
}
