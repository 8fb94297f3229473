using DiffPlex;
using DiffPlex.Chunkers;

namespace DPT.Engine.Cli;

/// <summary>The difference of two texts as <c>diff -u</c> prints it; DiffPlex finds it.</summary>
internal static class UnifiedDiff
{
    private const int Context = 3;

    private static readonly CustomFunctionChunker Chunker = new(text => text.Split('\n')[..^1]);

    /// <summary>The lines of the difference; none if the texts are equal.</summary>
    public static IReadOnlyList<string> Of(string nameOld, string nameNew, IReadOnlyList<string> old, IReadOnlyList<string> @new)
    {
        var steps = Steps(old, @new);
        var hunks = Hunks(steps).Select(h => steps.GetRange(h.Start, h.End - h.Start)).ToList();
        return hunks.Count == 0 ? [] : [$"--- {nameOld}", $"+++ {nameNew}", .. hunks.SelectMany(Lines)];
    }

    /// <summary>Line by line from one text to the other.</summary>
    private static List<Step> Steps(IReadOnlyList<string> old, IReadOnlyList<string> @new)
    {
        var steps = new List<Step>();
        var (x, y) = (0, 0);
        foreach (var block in Differ.Instance.CreateDiffs(Text(old), Text(@new), ignoreWhiteSpace: false, ignoreCase: false, Chunker).DiffBlocks)
        {
            KeepUntil(block.DeleteStartA);
            for (var end = x + block.DeleteCountA; x < end; x++)
            {
                steps.Add(new Step('-', old[x], x, y));
            }

            for (var end = y + block.InsertCountB; y < end; y++)
            {
                steps.Add(new Step('+', @new[y], x, y));
            }
        }

        KeepUntil(old.Count);
        return steps;

        void KeepUntil(int end)
        {
            for (; x < end; x++, y++)
            {
                steps.Add(new Step(' ', old[x], x, y));
            }
        }
    }

    /// <summary>Changed places with their context, joined where they touch.</summary>
    private static IEnumerable<(int Start, int End)> Hunks(List<Step> steps)
    {
        (int Start, int End)? open = null;
        for (var i = 0; i < steps.Count; i++)
        {
            if (steps[i].Sign == ' ')
            {
                continue;
            }

            var (start, end) = (Math.Max(0, i - Context), Math.Min(steps.Count, i + Context + 1));
            if (open is { } last && start > last.End)
            {
                yield return last;
                open = null;
            }

            open = (open?.Start ?? start, end);
        }

        if (open is { } rest)
        {
            yield return rest;
        }
    }

    private static IEnumerable<string> Lines(List<Step> hunk) =>
        hunk.Select(s => s.Sign + s.Line).Prepend($"@@ -{Range(hunk, '+', hunk[0].Old)} +{Range(hunk, '-', hunk[0].New)} @@");

    /// <summary>First line, from 1, and number of lines; of no lines the one before them.</summary>
    private static string Range(List<Step> hunk, char others, int before)
    {
        var count = hunk.Count(s => s.Sign != others);
        return $"{before + (count > 0 ? 1 : 0)},{count}";
    }

    /// <summary>Lines with their ends, so that no line is not an empty one.</summary>
    private static string Text(IReadOnlyList<string> lines) => string.Concat(lines.Select(l => l + '\n'));

    /// <param name="Sign">' ' for a line of both texts, '-' for one of the old, '+' for one of the new.</param>
    /// <param name="Line">The line.</param>
    /// <param name="Old">Lines of the old text before it.</param>
    /// <param name="New">Lines of the new text before it.</param>
    private readonly record struct Step(char Sign, string Line, int Old, int New);
}
