using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Standard output carries results only; progress, messages and errors go to standard error.</summary>
internal sealed class Terminal
{
    private readonly TextWriter _results;
    private readonly TextWriter _messages;

    /// <summary>Creates a terminal.</summary>
    /// <param name="results">Standard output.</param>
    /// <param name="messages">Standard error.</param>
    /// <param name="interactive">Whether standard error is a screen on which lines can be redrawn.</param>
    /// <param name="colour">Whether to write in colour.</param>
    public Terminal(TextWriter results, TextWriter messages, bool interactive, bool colour)
    {
        _results = results;
        _messages = messages;
        Interactive = interactive;
        Colour = colour;
    }

    /// <summary>This process's standard error.</summary>
    public static TextWriter ProcessMessages { get; } = new MessageWriter(Console.Error);

    /// <summary>Whether lines can be redrawn.</summary>
    public bool Interactive { get; }

    /// <summary>Whether to write in colour.</summary>
    public bool Colour { get; }

    /// <summary>No progress and no messages.</summary>
    public bool Quiet { get; set; }

    /// <summary>More messages.</summary>
    public bool Verbose { get; set; }

    /// <summary>The process's own streams. Colour needs a screen that is not dumb, and no <c>NO_COLOR</c>.</summary>
    public static Terminal OfProcess(IReadOnlyDictionary<string, string> environment) =>
        For(Console.Out, ProcessMessages, !Console.IsErrorRedirected, environment);

    /// <summary>A terminal as the environment wants it.</summary>
    /// <param name="results">Standard output.</param>
    /// <param name="messages">Standard error.</param>
    /// <param name="screen">Whether standard error is a screen.</param>
    /// <param name="environment">The environment variables.</param>
    public static Terminal For(
        TextWriter results, TextWriter messages, bool screen, IReadOnlyDictionary<string, string> environment)
    {
        var interactive = screen && environment.GetValueOrDefault("TERM") != "dumb";
        var plain = environment.GetValueOrDefault("NO_COLOR") is { Length: > 0 };
        return new Terminal(results, messages, interactive, interactive && !plain);
    }

    /// <summary>Writes a line of the result.</summary>
    /// <exception cref="DptException">Environment: standard output takes no more.</exception>
    public void Result(string line)
    {
        try
        {
            _results.WriteLine(line);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write to standard output: {failure.Message}", failure);
        }
    }

    /// <summary>Writes a message, unless quiet.</summary>
    public void Message(string line)
    {
        if (!Quiet)
        {
            _messages.WriteLine(line);
        }
    }

    /// <summary>Writes a message if verbose.</summary>
    public void Detail(string line)
    {
        if (Verbose)
        {
            _messages.WriteLine(line);
        }
    }

    /// <summary>Writes what went wrong, always.</summary>
    public void Error(string line) =>
        _messages.WriteLine(Colour ? $"\e[31merror:\e[0m {line}" : $"error: {line}");

    /// <summary>Does long work and shows its progress.</summary>
    public T Watch<T>(Func<IRunObserver, T> work)
    {
        if (Quiet)
        {
            return work(new SilentObserver());
        }

        return Interactive
            ? ProgressDisplay.Watch(_messages, Colour, work)
            : work(new ProgressLines(_messages, TimeProvider.System));
    }
}
