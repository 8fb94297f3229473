namespace DPT.Engine.Dpt;

/// <summary>Counting by class.</summary>
internal static class ClassBalance
{
    /// <summary>Images of each class; those without a label count for none.</summary>
    public static int[] Count(ReadOnlySpan<int> labels, int classes)
    {
        var counts = new int[classes];
        foreach (var label in labels)
        {
            if (label != ImageDataset.NoLabel)
            {
                counts[label]++;
            }
        }

        return counts;
    }
}
