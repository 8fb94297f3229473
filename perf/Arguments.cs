namespace Perf;

/// <summary>What stands on the command line behind the command.</summary>
/// <param name="Filter">Only what contains it.</param>
/// <param name="Out">A file for the text.</param>
/// <param name="Json">A file for the numbers.</param>
/// <param name="Before">A file with numbers of before.</param>
/// <param name="Budget">Time for each case.</param>
internal sealed record Arguments(string? Filter, string? Out, string? Json, string? Before, TimeSpan Budget)
{
    /// <summary>Reads them; null if there is something that nobody knows.</summary>
    public static Arguments? Parse(ReadOnlySpan<string> words)
    {
        var arguments = new Arguments(null, null, null, null, TimeSpan.FromSeconds(2));
        for (; !words.IsEmpty; words = words[1..])
        {
            switch (words)
            {
                case ["--out", var file, ..]:
                    arguments = arguments with { Out = file };
                    words = words[1..];
                    break;
                case ["--json", var file, ..]:
                    arguments = arguments with { Json = file };
                    words = words[1..];
                    break;
                case ["--before", var file, ..]:
                    arguments = arguments with { Before = file };
                    words = words[1..];
                    break;
                case ["--seconds", var text, ..] when double.TryParse(text, out var seconds) && seconds > 0:
                    arguments = arguments with { Budget = TimeSpan.FromSeconds(seconds) };
                    words = words[1..];
                    break;
                case [var text, ..] when arguments.Filter is null && !text.StartsWith('-'):
                    arguments = arguments with { Filter = text };
                    break;
                default:
                    return null;
            }
        }

        return arguments;
    }

    /// <summary>Whether a name is asked for.</summary>
    public bool Wants(string name) => Filter is null || name.Contains(Filter, StringComparison.Ordinal);

    /// <summary>Writes a text where <see cref="Out"/> says, if it says anything.</summary>
    public void Write(string text)
    {
        if (Out is not null)
        {
            File.WriteAllText(Out, text);
        }
    }
}
