using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>Runs a command line inside the test: the streams as text, the exit code, an engine that is a fake.</summary>
internal sealed record CommandLine(int Code, string Out, string Err, FakeCommands Engine)
{
    public static CommandLine Run(params string[] words) => Run(words, new FakeCommands());

    /// <summary>Runs with the real engine, or with one that a test has laid around it.</summary>
    public static (int Code, string Out, string Err) RunReal(
        string[] words, CancellationToken stop = default, IDptCommands? engine = null) =>
        Capture(words, engine ?? new EngineCommands(), [], screen: false, stop);

    public static CommandLine Run(
        string[] words,
        FakeCommands engine,
        Dictionary<string, string>? environment = null,
        bool screen = false,
        CancellationToken stop = default)
    {
        var (code, output, errors) = Capture(words, engine, environment ?? [], screen, stop);
        return new CommandLine(code, output, errors, engine);
    }

    private static (int Code, string Out, string Err) Capture(
        string[] words,
        IDptCommands engine,
        Dictionary<string, string> environment,
        bool screen,
        CancellationToken stop)
    {
        var (output, errors) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var terminal = Terminal.For(output, errors, screen, environment);
        var code = Application.Run(words, engine, terminal, environment, stop);
        return (code, output.ToString(), errors.ToString());
    }
}
