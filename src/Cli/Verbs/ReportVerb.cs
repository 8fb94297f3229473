using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>The page of a run, made again from what its folder holds.</summary>
internal sealed class ReportVerb : Verb<ReportArguments>
{
    public override string Name => "report";

    public override string Purpose => "report.html of a run, written again from what its folder holds";

    public override string? Word => "DIR";

    public override IReadOnlyList<string> Examples => ["report runs/00001-digits", "report runs/00001-digits --open"];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What is in it",
        [
            "Every run writes its report while it goes on and when it ends; this verb is for runs of earlier versions, for pages that were lost, and to look on while a run goes on."
            + " Nothing else of the run changes. Pictures of real images need the data where the run had them; what is missing is named at the end of the page.",
        ]),
    ];

    protected override int Execute(ReportArguments arguments, CliContext context)
    {
        if (arguments.Words.FirstOrDefault() is not { } folder)
        {
            throw new DptException(FailureKind.Usage, "report: name the run folder");
        }

        RunFolder.RequireRun(folder);
        var run = new RunLayout(folder);
        Report.Write(run);
        VerbResult.Of([new("report", run.ReportPath)]).Print(arguments.Json, context.Terminal);
        if (arguments.Open)
        {
            Browser.Show(run.ReportPath, context.Environment);
        }

        return ExitCodes.Done;
    }
}
