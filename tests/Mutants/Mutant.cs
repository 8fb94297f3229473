namespace Mutants;

/// <summary>A fault to plant: one piece of one source file replaced by another, and the tests that have to notice.</summary>
/// <param name="List">The list that it stands in, without folder and ending.</param>
/// <param name="Line">Its line there.</param>
/// <param name="Title">What is wrong with the mutated program.</param>
/// <param name="File">The source file, from the root of the repository.</param>
/// <param name="Before">The text that is replaced; it occurs exactly once in the file.</param>
/// <param name="After">The text that takes its place.</param>
/// <param name="Tests">What has to fail.</param>
/// <param name="Reason">Why it may survive; null if it has to be killed.</param>
internal sealed record Mutant(
    string List,
    int Line,
    string Title,
    string File,
    string Before,
    string After,
    IReadOnlyList<TestChoice> Tests,
    string? Reason)
{
    /// <summary>The project whose assembly changes: the folder below src.</summary>
    public string Project => File.Split('/')[1];

    public override string ToString() => $"{List}:{Line} {Title}";

    /// <summary>The source with the fault in it.</summary>
    /// <exception cref="FormatException">The text to replace is not there, or there more than once.</exception>
    public string ApplyTo(string source)
    {
        var at = source.IndexOf(Before, StringComparison.Ordinal);
        if (at < 0)
        {
            throw new FormatException($"{this}: {File} has no\n{Before}");
        }

        if (source.IndexOf(Before, at + 1, StringComparison.Ordinal) >= 0)
        {
            throw new FormatException($"{this}: {File} has more than one\n{Before}");
        }

        return string.Concat(source.AsSpan(0, at), After, source.AsSpan(at + Before.Length));
    }
}
