namespace DPT.Engine.Cli;

/// <summary>The difference of two texts as <c>diff -u</c> prints it.</summary>
internal static class UnifiedDiff
{
    private const int Context = 3;

    /// <summary>The lines of the difference; none if the texts are equal.</summary>
    public static IReadOnlyList<string> Of(string nameOld, string nameNew, IReadOnlyList<string> old, IReadOnlyList<string> @new)
    {
        var script = Script(old, @new);
        if (script.TrueForAll(s => s.Sign == ' '))
        {
            return [];
        }

        var lines = new List<string> { $"--- {nameOld}", $"+++ {nameNew}" };
        foreach (var (start, end) in Hunks(script))
        {
            var before = script.Take(start).ToList();
            var hunk = script.GetRange(start, end - start);
            lines.Add($"@@ -{Range(before, hunk, '+')} +{Range(before, hunk, '-')} @@");
            lines.AddRange(hunk.Select(s => s.Sign + s.Line));
        }

        return lines;
    }

    private static string Range(List<Step> before, List<Step> hunk, char others)
    {
        var count = hunk.Count(s => s.Sign != others);
        return $"{before.Count(s => s.Sign != others) + (count > 0 ? 1 : 0)},{count}";
    }

    /// <summary>Changed places with their context, joined where they touch.</summary>
    private static IEnumerable<(int Start, int End)> Hunks(List<Step> script)
    {
        (int Start, int End)? open = null;
        for (var i = 0; i < script.Count; i++)
        {
            if (script[i].Sign == ' ')
            {
                continue;
            }

            var (start, end) = (Math.Max(0, i - Context), Math.Min(script.Count, i + Context + 1));
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

    /// <summary>Myers: the shortest way from one text to the other, the furthest point of every diagonal at a time.</summary>
    private static List<Step> Script(IReadOnlyList<string> old, IReadOnlyList<string> @new)
    {
        var history = new List<Dictionary<int, int>>();
        var reach = new Dictionary<int, int> { [1] = 0 };
        for (var changes = 0; ; changes++)
        {
            history.Add(new(reach));
            for (var diagonal = -changes; diagonal <= changes; diagonal += 2)
            {
                var x = IsInsertion(reach, diagonal, changes) ? reach[diagonal + 1] : reach[diagonal - 1] + 1;
                while (x < old.Count && x - diagonal < @new.Count && old[x] == @new[x - diagonal])
                {
                    x++;
                }

                reach[diagonal] = x;
                if (x >= old.Count && x - diagonal >= @new.Count)
                {
                    return Trace(history, old, @new);
                }
            }
        }
    }

    private static List<Step> Trace(List<Dictionary<int, int>> history, IReadOnlyList<string> old, IReadOnlyList<string> @new)
    {
        var steps = new List<Step>();
        var (x, y) = (old.Count, @new.Count);
        for (var changes = history.Count - 1; changes >= 0; changes--)
        {
            var reach = history[changes];
            var isInsertion = IsInsertion(reach, x - y, changes);
            var diagonal = x - y + (isInsertion ? 1 : -1);
            var (fromX, fromY) = (reach[diagonal], reach[diagonal] - diagonal);
            while (x > Math.Max(fromX, 0) && y > Math.Max(fromY, 0))
            {
                steps.Add(new Step(' ', old[--x]));
                y--;
            }

            if (changes > 0)
            {
                steps.Add(isInsertion ? new Step('+', @new[--y]) : new Step('-', old[--x]));
            }
        }

        steps.Reverse();
        return steps;
    }

    private static bool IsInsertion(Dictionary<int, int> reach, int diagonal, int changes) =>
        diagonal == -changes || (diagonal != changes && reach[diagonal - 1] < reach[diagonal + 1]);

    private readonly record struct Step(char Sign, string Line);
}
