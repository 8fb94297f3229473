namespace Mutants;

/// <summary>
/// The committed lists of mutants, one text file a subject. <c>file:</c> and <c>tests:</c> hold for all mutants below
/// them until the next; a mutant is a line <c>* what is wrong</c>, then lines <c>-</c> to replace and lines <c>+</c> to
/// put there, then perhaps <c>survives: reason</c>. A line that starts with <c>#</c> is a comment.
/// </summary>
internal static class MutantList
{
    public static IReadOnlyList<Mutant> ReadAll() =>
    [
        .. Directory.GetFiles(Repository.ListFolder, "*.txt").Order(StringComparer.Ordinal)
            .SelectMany(path => Parse(Path.GetFileNameWithoutExtension(path), File.ReadAllLines(path))),
    ];

    /// <summary>What does not fit: sources that are not there, texts that are not in them exactly once.</summary>
    public static IReadOnlyList<string> FaultsOf(IEnumerable<Mutant> mutants)
    {
        var faults = new List<string>();
        foreach (var mutant in mutants)
        {
            try
            {
                mutant.ApplyTo(File.ReadAllText(Repository.In(mutant.File)));
            }
            catch (Exception error) when (error is FormatException or IOException)
            {
                faults.Add(error.Message);
            }
        }

        return faults;
    }

    public static IReadOnlyList<Mutant> Parse(string name, IReadOnlyList<string> lines)
    {
        var mutants = new List<Mutant>();
        var file = string.Empty;
        TestChoice[] tests = [];
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i];
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (Value(line, "file: ") is { } source)
            {
                file = source;
            }
            else if (Value(line, "tests: ") is { } choices)
            {
                tests = [.. choices.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(TestChoice.Parse)];
            }
            else if (Value(line, "* ") is { } title)
            {
                var first = i + 1;
                var before = Block(lines, '-', ref i);
                var after = Block(lines, '+', ref i);
                if (file.Length == 0 || tests.Length == 0 || before.Length == 0)
                {
                    throw new FormatException($"{name}:{first}: a mutant needs file:, tests: and lines to replace");
                }

                var reason = i + 1 < lines.Count ? Value(lines[i + 1], "survives: ") : null;
                i += reason is null ? 0 : 1;
                mutants.Add(new Mutant(name, first, title, file, before, after, tests, reason));
            }
            else
            {
                throw new FormatException($"{name}:{i + 1}: expected file:, tests:, * or #, not '{line}'");
            }
        }

        return mutants;
    }

    /// <summary>The lines after line <paramref name="i"/> that begin with the sign; moves on to the last of them.</summary>
    private static string Block(IReadOnlyList<string> lines, char sign, ref int i)
    {
        var block = new List<string>();
        while (i + 1 < lines.Count && lines[i + 1].StartsWith(sign))
        {
            i++;
            block.Add(lines[i].Length > 2 ? lines[i][2..] : string.Empty);
        }

        return string.Join('\n', block);
    }

    private static string? Value(string line, string key) =>
        line.StartsWith(key, StringComparison.Ordinal) ? line[key.Length..].Trim() : null;
}
