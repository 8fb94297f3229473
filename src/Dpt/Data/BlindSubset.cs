namespace DPT.Engine.Dpt;

/// <summary>
/// Which images a limit keeps, and which are set aside: drawn by seed from all of them, without a look at their labels. A subset
/// balanced by true labels would tell the method what it has to find out.
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

    /// <summary>
    /// Positions of the training images that stay and of those that stand in for the test images, ascending; null where none are set
    /// aside. They are the same for every seed and every limit, so that all can be compared.
    /// </summary>
    /// <exception cref="DptException">Usage: none would stay.</exception>
    public static (int[] Training, int[] Development)? OfDevelopment(int count, DataOptions options)
    {
        if (options.Development is not { } wanted)
        {
            return null;
        }

        Usage.Require(
            wanted < count,
            $"data.development {wanted} sets all of the {count} training images aside; it must be less, a tenth of them for example");
        var development = Draw(count, wanted, seed: 0, RunStreams.DevelopmentSubset);
        return ([.. Enumerable.Range(0, count).Except(development)], development);
    }

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
