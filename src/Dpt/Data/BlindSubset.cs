namespace DPT.Engine.Dpt;

/// <summary>
/// Which images a limit keeps, and which are set aside: drawn by seed from all of them, without a look at their labels. A subset
/// balanced by true labels would tell the method what it has to find out.
/// </summary>
internal static class BlindSubset
{
    /// <summary>
    /// Positions of the training images kept, ascending. The run's seed decides, as over everything random in it. Where some have no
    /// label, those that have one were labelled for the method: they stay, and the others are drawn from.
    /// </summary>
    /// <param name="labels">Of each image its class, or <see cref="ImageDataset.NoLabel"/>.</param>
    /// <param name="options">The limit.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <exception cref="DptException">Usage: the limit has no room for the labelled images.</exception>
    public static int[] OfTraining(ReadOnlySpan<int> labels, DataOptions options, int seed)
    {
        var (labelled, others) = ByLabel(labels);
        var (staying, pool) = others.Length == 0 ? ([], labelled) : (labelled, others);
        Usage.Require(
            options.TrainLimit is null || staying.Length == 0 || options.TrainLimit > staying.Length,
            $"data.trainLimit {options.TrainLimit} leaves nothing beside the {staying.Length} labelled training images; raise it");
        int[] kept =
        [
            .. staying,
            .. Draw(pool.Length, options.TrainLimit - staying.Length, (ulong)(uint)seed, RunStreams.TrainSubset).Select(i => pool[i]),
        ];
        Array.Sort(kept);
        return kept;
    }

    /// <summary>Positions of the test images kept, ascending; the same for every seed, so that seeds can be compared.</summary>
    public static int[] OfTest(int count, DataOptions options) => Draw(count, options.TestLimit, seed: 0, RunStreams.TestSubset);

    /// <summary>
    /// Positions of the training images that stay and of those that stand in for the test images, ascending; null where none are set
    /// aside. Only labelled images can measure anything. They are the same for every seed and every limit, so that all can be compared.
    /// </summary>
    /// <param name="labels">Of each image its class, or <see cref="ImageDataset.NoLabel"/>.</param>
    /// <param name="options">How many are set aside.</param>
    /// <exception cref="DptException">Usage: none would stay.</exception>
    public static (int[] Training, int[] Development)? OfDevelopment(ReadOnlySpan<int> labels, DataOptions options)
    {
        if (options.Development is not { } wanted)
        {
            return null;
        }

        var (labelled, others) = ByLabel(labels);
        var kind = others.Length == 0 ? "training images" : "labelled training images";
        Usage.Require(
            wanted < labelled.Length,
            $"data.development {wanted} sets all of the {labelled.Length} {kind} aside; it must be less, a tenth of them for example");
        int[] development = [.. Draw(labelled.Length, wanted, seed: 0, RunStreams.DevelopmentSubset).Select(i => labelled[i])];
        return ([.. Enumerable.Range(0, labels.Length).Except(development)], development);
    }

    private static (int[] Labelled, int[] Others) ByLabel(ReadOnlySpan<int> labels)
    {
        var (labelled, others) = (new List<int>(), new List<int>());
        for (var i = 0; i < labels.Length; i++)
        {
            (labels[i] == ImageDataset.NoLabel ? others : labelled).Add(i);
        }

        return ([.. labelled], [.. others]);
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
