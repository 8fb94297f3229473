using CommandLine;

namespace DPT.Engine.Cli;

/// <summary>What <c>report</c> understands.</summary>
internal sealed class ReportArguments : CommonArguments
{
    [OptionGroup("Output")]
    [Option("open", HelpText = "show the page in the browser, the one that BROWSER names or the desktop's")]
    public bool Open { get; set; }
}
