namespace DPT.Engine.Cli;

/// <summary>The command line without its process: words in, exit code out.</summary>
internal static class Application
{
    /// <summary>Runs a command line.</summary>
    public static int Run(
        IReadOnlyList<string> words,
        IDptCommands commands,
        Terminal terminal,
        IReadOnlyDictionary<string, string> environment,
        CancellationToken stop)
    {
        try
        {
            if (words.Count == 0 || IsHelp(words[0]))
            {
                terminal.Result(HelpText.Program().TrimEnd());
                return ExitCodes.Done;
            }

            if (words[0] == "--version")
            {
                terminal.Result($"dpt {EngineVersion.Text}");
                return ExitCodes.Done;
            }

            var (verb, rest) = VerbTable.Find(words);
            if (rest.TakeWhile(w => w != "--").Any(IsHelp))
            {
                terminal.Result(HelpText.Of(verb).TrimEnd());
                return ExitCodes.Done;
            }

            var arguments = verb.Parse(rest);
            terminal.Quiet = arguments.Quiet;
            terminal.Verbose = arguments.Verbose;
            EnvironmentLayer.Check(environment, terminal.Message);
            return verb.Run(arguments, new CliContext(commands, terminal, environment, stop));
        }
        catch (Exception e)
        {
            return Fail(e, terminal);
        }
    }

    private static bool IsHelp(string word) => word is "--help" or "-h";

    private static int Fail(Exception failure, Terminal terminal)
    {
        var code = ExitCodes.Of(failure);
        terminal.Error(code switch
        {
            ExitCodes.Interrupted => "interrupted",
            ExitCodes.Unexpected => $"unexpected failure: {failure.Message} ({failure.GetType().Name})"
                + (terminal.Verbose ? "" : "; --verbose shows where"),
            _ => ExitCodes.Describe(failure),
        });
        if (terminal.Verbose)
        {
            terminal.Detail(failure.ToString());
        }

        return code;
    }
}
