namespace DPT.Engine.Dpt;

/// <summary>
/// Which images measure where a set brings none for that: every sixth image of a class, in the order of the set. Where some images have no
/// label, those that have one are too few to give any away, and nothing is measured.
/// </summary>
internal static class TestShare
{
    private const int TestEvery = 6;

    /// <summary>The rule, for people.</summary>
    public const string Rule = "every sixth image of a class is for testing";

    /// <summary>Positions of the images for training and of those for testing, ascending.</summary>
    /// <param name="place">Where they come from, for a message.</param>
    /// <param name="labels">Of each image its class, or <see cref="ImageDataset.NoLabel"/>.</param>
    /// <param name="remedy">How test images can be given, for a message.</param>
    /// <exception cref="DptException">Environment: no class has as many images.</exception>
    public static (int[] Train, int[] Test) Of(string place, int[] labels, string remedy)
    {
        if (labels.Contains(ImageDataset.NoLabel))
        {
            return ([.. Enumerable.Range(0, labels.Length)], []);
        }

        var seen = new int[labels.Max() + 1];
        var parts = Enumerable.Range(0, labels.Length).ToLookup(i => ++seen[labels[i]] % TestEvery == 0);
        return parts[true].Any()
            ? ([.. parts[false]], [.. parts[true]])
            : throw new DptException(
                FailureKind.Environment,
                $"'{place}' has fewer than {TestEvery} images in every class, too few to set some aside for testing; {remedy}");
    }
}
