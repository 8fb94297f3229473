using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Reads <c>1-3,7</c>: numbers and ranges of seeds.</summary>
internal static class SeedList
{
    private const string Option = "--seeds";
    private const int Most = 1000;

    /// <summary>The seeds, rising.</summary>
    /// <exception cref="DptException">Usage: a part is neither a seed nor a range, a seed is named twice, or there are too many.</exception>
    public static IReadOnlyList<int> Parse(string text)
    {
        var seeds = new SortedSet<int>();
        foreach (var part in text.Split(','))
        {
            var (first, last) = Range(part);
            Require(seeds.Count + (long)last - first < Most, $"that is more than {Most} seeds");
            foreach (var seed in Enumerable.Range(first, last - first + 1))
            {
                Require(seeds.Add(seed), $"seed {seed} is named twice");
            }
        }

        return [.. seeds];
    }

    private static (int First, int Last) Range(string part)
    {
        var ends = part.Split('-');
        Require(
            Read(ends[0]) is not null && Read(ends[^1]) is not null && ends.Length <= 2,
            $"'{OneLine.Start(part)}' is neither a seed nor a range; write whole numbers from 0, e.g. 1-3,7");
        var (first, last) = (Read(ends[0])!.Value, Read(ends[^1])!.Value);
        Require(first <= last, $"the range '{part}' runs backwards; write {last}-{first}");
        return (first, last);
    }

    private static int? Read(string text) => ConfigKeys.All["seed"].TryRead(text, out var value) ? value as int? : null;

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new DptException(FailureKind.Usage, $"{Option}: {otherwise}");
        }
    }
}
