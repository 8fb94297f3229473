using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>
/// Several runs side by side with what they say together, as a Markdown table: one seed proves little. The tables of the
/// README are made with it.
/// </summary>
internal sealed class CompareVerb : Verb<CompareArguments>
{
    public override string Name => "compare";

    public override string Purpose => "results of several runs with mean, deviation and paired differences, as a Markdown table";

    public override string? Word => "DIR...";

    public override int MostWords => int.MaxValue;

    public override IReadOnlyList<string> Examples =>
        ["compare runs/seed-1 runs/seed-2 runs/seed-3", "compare runs/00002-digits-seeds --out seeds.html --json"];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What is compared",
        [
            "A folder of `dpt run --seeds` stands for its finished runs.",
            "A standard deviation divides by the number of runs minus one. An interval is Student's t, with 95 % confidence, of the"
            + " differences run by run: if it holds 0, the runs do not show a difference.",
            "Accuracies are in percent, deviations and differences in points of a percent.",
        ]),
    ];

    /// <summary>Prints a comparison: a table and what a reader should know, or JSON.</summary>
    public static void Print(RunComparison comparison, bool json, Terminal terminal)
    {
        foreach (var line in json
            ? [JsonFiles.Text(comparison)]
            : ComparisonTable.Markdown(comparison).Concat(comparison.Warnings.Select(warning => $"warning: {warning}")))
        {
            terminal.Result(line);
        }
    }

    protected override int Execute(CompareArguments arguments, CliContext context)
    {
        if (!arguments.Words.Any())
        {
            throw new DptException(FailureKind.Usage, "compare: name at least one run folder");
        }

        var runs = ComparedRuns.In(arguments.Words);
        if (arguments.Out is { } file)
        {
            ComparisonReport.Write(file, "DPT runs compared", runs);
            context.Terminal.Message($"report: {file}");
        }

        Print(runs.Comparison, arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }
}
