using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>What a data set holds.</summary>
internal sealed class DataInfoVerb : Verb<ConfigArguments>
{
    public override string Name => "data info";

    public override string Purpose => "counts, sizes and classes of a data set";

    public override IReadOnlyList<string> Examples => ["data info", "data info --data mnist:data/optdigits --json"];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
        [("What folder:DIR reads", DatasetCatalog.FolderRules), ("Tables for --labels", LabelTable.FileFormat), ("Files for --label-file", LabelSplit.FileFormat)];

    protected override int Execute(ConfigArguments arguments, CliContext context)
    {
        var result = VerbResult.Of(context.Commands.DescribeData(context.Resolve(arguments).ToOptions()));
        foreach (var line in arguments.Json ? [result.Json] : result.Lines)
        {
            context.Terminal.Result(line);
        }

        return ExitCodes.Done;
    }
}
