using System.Globalization;

namespace Mutants;

/// <summary>What the command line asks for.</summary>
internal sealed record Options
{
    public const string Usage = """
        usage: Mutants [--only TEXT] [--sample N [--day D]] [--jobs N] [--out FILE]
          --only TEXT   the mutants whose list, title or file contains TEXT; "ptx:" is all of the list ptx
          --sample N    N of the mutants, others each day: all have had their turn when the days are round
          --day D       the day of the sample, to repeat it; today if not given
          --jobs N      how many at a time; as many as processors if not given
          --out FILE    the table of all verdicts, in Markdown
        """;

    public string Only { get; private init; } = string.Empty;

    public int? Sample { get; private init; }

    public int Day { get; private init; } = DateOnly.FromDateTime(DateTime.UtcNow).DayNumber;

    public int Jobs { get; private init; } = Environment.ProcessorCount;

    public string? Out { get; private init; }

    /// <summary>Null if they make no sense.</summary>
    public static Options? Parse(IReadOnlyList<string> arguments)
    {
        var options = new Options();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : null;
            var count = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
            var next = (arguments[i], value) switch
            {
                ("--only", { } text) => options with { Only = text },
                ("--sample", _) when count > 0 => options with { Sample = count },
                ("--day", _) when count > 0 => options with { Day = count },
                ("--jobs", _) when count > 0 => options with { Jobs = count },
                ("--out", { } path) => options with { Out = path },
                _ => null,
            };
            if (next is null)
            {
                return null;
            }

            options = next;
        }

        return options;
    }

    /// <summary>
    /// The mutants to try. A sample takes every k-th of those that have to be killed, from a place that moves by one each
    /// day, so that k days see all of them.
    /// </summary>
    public IReadOnlyList<Mutant> Choose(IReadOnlyList<Mutant> mutants)
    {
        var chosen = mutants.Where(m => $"{m} {m.File}".Contains(Only, StringComparison.OrdinalIgnoreCase)).ToList();
        if (Sample is not { } size)
        {
            return chosen;
        }

        chosen.RemoveAll(m => m.Reason is not null);
        var step = Math.Max(1, (chosen.Count + size - 1) / size);
        return [.. chosen.Where((_, i) => i % step == Day % step)];
    }
}
