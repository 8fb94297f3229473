namespace DPT.Engine.Dpt;

/// <summary>Counting and cutting by class.</summary>
internal static class ClassBalance
{
    /// <summary>Images of each class.</summary>
    public static int[] Count(ReadOnlySpan<int> labels, int classes)
    {
        var counts = new int[classes];
        foreach (var label in labels)
        {
            counts[label]++;
        }

        return counts;
    }

    /// <summary>
    /// The first images of every class, <paramref name="limit"/> in all, in their order: the classes take turns, so
    /// that their shares differ by at most one as long as no class runs out.
    /// </summary>
    public static int[] Prefix(ReadOnlySpan<int> labels, int classes, int limit)
    {
        var left = Share(Count(labels, classes), Math.Min(limit, labels.Length));
        var chosen = new List<int>(Math.Min(limit, labels.Length));
        for (var i = 0; i < labels.Length; i++)
        {
            if (left[labels[i]]-- > 0)
            {
                chosen.Add(i);
            }
        }

        return [.. chosen];
    }

    private static int[] Share(int[] available, int total)
    {
        var share = new int[available.Length];
        for (var c = 0; total > 0; c = (c + 1) % share.Length)
        {
            if (share[c] < available[c])
            {
                share[c]++;
                total--;
            }
        }

        return share;
    }
}
