namespace DPT.Engine.Dpt;

/// <summary>Counting by class.</summary>
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
}
