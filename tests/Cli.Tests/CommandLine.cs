using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>Runs a command line inside the test: the streams as text, the exit code, an engine that is a fake.</summary>
internal sealed record CommandLine(int Code, string Out, string Err, FakeCommands Engine)
{
    public static CommandLine Run(params string[] words) => Run(words, new FakeCommands());

    public static CommandLine Run(
        string[] words,
        FakeCommands engine,
        Dictionary<string, string>? environment = null,
        bool screen = false,
        CancellationToken stop = default)
    {
        environment ??= [];
        var (output, errors) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var terminal = Terminal.For(output, errors, screen, environment);
        var code = Application.Run(words, engine, terminal, environment, stop);
        return new CommandLine(code, output.ToString(), errors.ToString(), engine);
    }
}
