using System.Globalization;

namespace Fuzz;

/// <summary>What the command line asks for.</summary>
internal sealed record Options
{
    public const string Usage = """
        usage: Fuzz [--only TEXT] [--seconds S] [--runs N] [--seed N] [--out DIR]
               Fuzz --only TEXT --replay FILE
          --only TEXT     the readers whose name contains TEXT
          --seconds S     time for each reader, 600 if not given
          --runs N        executions for each reader: the same inputs every time, where the time allows
          --seed N        another number, other inputs; 1 if not given
          --out DIR       where inputs that do harm are kept; beside the program if not given
          --replay FILE   reads this one file and says what comes of it
        """;

    public string Only { get; init; } = string.Empty;

    public int Seconds { get; init; } = 600;

    public long Runs { get; private init; } = long.MaxValue;

    public int Seed { get; init; } = 1;

    public string Out { get; private init; } = Path.Combine(AppContext.BaseDirectory, "Findings");

    public string? Replay { get; private init; }

    /// <summary>Null if they make no sense.</summary>
    public static Options? Parse(IReadOnlyList<string> arguments)
    {
        var options = new Options();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : null;
            var isCount = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count);
            var next = (arguments[i], value) switch
            {
                ("--only", { } text) => options with { Only = text },
                ("--seconds", _) when count > 0 => options with { Seconds = count },
                ("--runs", _) when count > 0 => options with { Runs = count },
                ("--seed", _) when isCount => options with { Seed = count },
                ("--out", { } path) => options with { Out = Path.GetFullPath(path) },
                ("--replay", { } path) => options with { Replay = path },
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

    /// <summary>As a command line.</summary>
    public IReadOnlyList<string> Arguments =>
    [
        "--only", Only, "--out", Out, "--seed", $"{Seed}", "--seconds", $"{Seconds}",
        .. Runs < long.MaxValue ? (string[])["--runs", $"{Runs}"] : [],
    ];
}
