using CommandLine;

namespace DPT.Engine.Cli;

/// <summary>What <c>data get</c> understands.</summary>
internal sealed class DataGetArguments : CommonArguments
{
    [OptionGroup("Data")]
    [Option("from", MetaValue = "URL", HelpText = "where the files of the set are, if not where they are published")]
    public string? From { get; set; }

    [OptionGroup("Output")]
    [Option('o', "out", MetaValue = "DIR", HelpText = "the folder to make [data/NAME]")]
    public string? Out { get; set; }
}
