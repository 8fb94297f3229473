using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>The main job: all three stages, from data to report.</summary>
internal sealed class RunVerb : RunFolderVerb<RunAllArguments>
{
    public override string Name => "run";

    public override string Purpose => "all three stages, from a few labels to a better classifier and a report";

    public override IReadOnlyList<string> Examples =>
    [
        "run",
        "run --data mnist:data/optdigits --preset optdigits --labels-per-class 4",
        "run --data folder:photos --labels-per-class 10 --budget 2h --dry-run",
        "run --data folder:photos --labels labels.csv",
        "run --seeds 1-5",
        "run --rounds 2",
        "run --resume runs/00001-digits",
    ];

    protected override bool CanStart => true;

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("Several seeds",
        [
            "--seeds does a run for each seed, one after another, as --seed would, in run folders DIR/seed-N that all verbs take. It ends"
            + " with the table of `dpt compare`, and writes DIR/summary.json and DIR/report.html.",
            "The same command with --out DIR, or --resume DIR, goes on with what is not finished; --seeds there adds seeds.",
            "A run that diverges does not stop the others; the exit code tells of it.",
        ]),
    ];

    protected override int Execute(RunAllArguments arguments, CliContext context)
    {
        if (!SeedRuns.AreMeantBy(arguments))
        {
            return base.Execute(arguments, context);
        }

        CheckFolderOptions(arguments);
        return new SeedRuns(
            arguments,
            context,
            resumed: folder => Resumed(folder, arguments),
            run: (place, config) => RunIn(place, config, arguments, context)).Execute();
    }

    protected override VerbResult Work(RunRequest request, RunAllArguments arguments, CliContext context)
    {
        var result = context.Commands.Run(request, context.Stop);
        return new VerbResult(Summary(result), JsonText.Of(result));
    }

    private static IEnumerable<string> Summary(DptResult result)
    {
        var (one, two, three) = (result.Stage1, result.Stage2, result.Stage3);
        var table = new TextTable();
        table.Add(
            "stage 1: classifier from few labels",
            $"top-1 {Measured.Percent(one.Top1)}",
            $"pseudo-labels {Measured.Percent(one.PseudoLabelAccuracy)}",
            Time(one.Seconds));
        table.Add(
            "stage 2: generator",
            $"{two.Steps} steps",
            $"Frechet distance {Number(two.FrechetDistance.Value)}",
            Time(two.Seconds));
        table.Add(
            "stage 3: with pseudo-images",
            $"top-1 {Measured.Percent(three.Top1)}",
            $"control {Measured.Percent(three.ControlTop1)}"
            + (three.SelfTrainingTop1 is { } selfTraining ? $", self-training {Measured.Percent(selfTraining)}" : ""),
            Time(three.Seconds));
        foreach (var (i, round) in result.Rounds.SkipLast(1).Index())
        {
            table.Add($"round {i + 1} of {result.Rounds.Count}", $"top-1 {Measured.Percent(round.Top1)}", $"pseudo-labels {Measured.Percent(round.PseudoLabelAccuracy)}", "");
        }

        table.Add(
            "in all",
            $"gain {Gain(three.Top1 - three.ControlTop1)}",
            $"{three.PseudoImagesPerClass} pseudo-images per class",
            Time(result.TotalSeconds));
        return table.Lines().Concat(result.Warnings.Select(warning => $"warning: {warning}"));
    }

    private static string Gain(double? value) => value is { } gain
        ? (100 * gain).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture) + " points over control"
        : Measured.Percent(null);

    private static string Number(double value) => value.ToString("g4", CultureInfo.InvariantCulture);

    private static string Time(double seconds) => ProgressText.Duration(seconds);
}
