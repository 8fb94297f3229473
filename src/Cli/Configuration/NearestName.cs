namespace DPT.Engine.Cli;

/// <summary>Finds what was probably meant.</summary>
internal static class NearestName
{
    /// <summary><c>; did you mean 'x'?</c>, or nothing when no name is near.</summary>
    public static string Hint(string given, IEnumerable<string> names) =>
        Of(given, names) is { } name ? $"; did you mean '{name}'?" : "";

    /// <summary>
    /// The name nearest to the given one: at most two letters or a third of them changed, or the only name that ends in it
    /// (so that <c>labelsPerClass</c> finds <c>data.labelsPerClass</c>).
    /// </summary>
    public static string? Of(string given, IEnumerable<string> names)
    {
        var all = names.ToList();
        var best = all
            .Select(name => (Name: name, Distance: Distance(given.ToLowerInvariant(), name.ToLowerInvariant())))
            .OrderBy(pair => pair.Distance)
            .FirstOrDefault();
        if (best.Name is not null && best.Distance <= Math.Min(given.Length - 1, Math.Max(2, given.Length / 3)))
        {
            return best.Name;
        }

        return all.FirstOrDefault(name => name.EndsWith("." + given, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Insertions, deletions and changes of a letter that turn one word into the other.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, Math.Min(row[j - 1], row[j]) + 1);
            }
        }

        return row[b.Length];
    }
}
