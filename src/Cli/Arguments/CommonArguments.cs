using CommandLine;

namespace DPT.Engine.Cli;

/// <summary>What every verb understands.</summary>
internal class CommonArguments
{
    [OptionGroup("Output"), Option("json", HelpText = "print the result as JSON")]
    public bool Json { get; set; }

    [OptionGroup("Output"), Option('q', "quiet", HelpText = "no progress, no messages; errors and results only")]
    public bool Quiet { get; set; }

    [OptionGroup("Output"), Option('v', "verbose", HelpText = "more messages; failures show where they happened")]
    public bool Verbose { get; set; }

    [Value(0, Hidden = true)]
    public IEnumerable<string> Words { get; set; } = [];
}
