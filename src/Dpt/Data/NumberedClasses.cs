using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>Classes that data give as numbers from 0. There are as many as the labels of the training images need.</summary>
internal static class NumberedClasses
{
    /// <summary>Far above what sets have: a single number must not ask for memory.</summary>
    public const int MostClasses = 1 << 16;

    /// <summary>A number as the label of an image.</summary>
    /// <param name="number">A class, or -1 where nobody knows it.</param>
    /// <exception cref="InvalidDataException">It is neither.</exception>
    public static int Label(long number) => number is >= ImageDataset.NoLabel and < MostClasses
        ? (int)number
        : throw new InvalidDataException($"it has the label {number}; labels are 0..{MostClasses - 1}, or {ImageDataset.NoLabel} for an unknown class");

    /// <summary>Names of the classes; at least two.</summary>
    /// <param name="place">Where they come from, for a message.</param>
    /// <param name="train">Labels of the training images.</param>
    /// <param name="test">Labels of the test images.</param>
    /// <param name="known">The names, where the data say them.</param>
    /// <exception cref="DptException">Check: training images have no label, or a test image has none of their classes.</exception>
    public static string[] Names(string place, int[] train, int[] test, string[]? known = null)
    {
        var last = train.DefaultIfEmpty(ImageDataset.NoLabel).Max();
        if (last == ImageDataset.NoLabel)
        {
            throw new DptException(FailureKind.Check, $"'{place}' says of no training image what it shows; labels are needed");
        }

        if (test.Where(label => label == ImageDataset.NoLabel || label > last).Take(1).ToList() is [var wrong])
        {
            throw new DptException(FailureKind.Check, $"'{place}': a test label is {wrong}, training labels end at {last}");
        }

        return known ?? [.. Enumerable.Range(0, Math.Max(last + 1, 2)).Select(c => c.ToString(CultureInfo.InvariantCulture))];
    }
}
