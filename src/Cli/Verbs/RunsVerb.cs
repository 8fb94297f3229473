namespace DPT.Engine.Cli;

/// <summary>The runs in a folder, a line each.</summary>
internal sealed class RunsVerb : Verb<CommonArguments>
{
    public override string Name => "runs";

    public override string Purpose => "the runs in a folder: how far they are, their data, results and settings";

    public override string? Word => "DIR";

    public override IReadOnlyList<string> Examples => ["runs", "runs experiments --json"];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What is listed",
        [
            "DIR is the folder that runs were made in [runs]; runs of several seeds are listed one by one. Accuracies are of the test images, in"
            + " percent: stage 1, control, stage 3.",
            "Settings are those that the run was given by options, files or the environment. `dpt run --config RUN/config.resolved.json` starts a new"
            + " run with all settings of an old one, `dpt run --resume RUN` goes on with one.",
        ]),
    ];

    protected override int Execute(CommonArguments arguments, CliContext context)
    {
        var runs = ListedRun.In(arguments.Words.FirstOrDefault(RunPlace.Root));
        if (arguments.Json)
        {
            context.Terminal.Result(JsonText.Of(runs));
            return ExitCodes.Done;
        }

        var table = new TextTable();
        table.Add("run", "state", "data", "labels", "seed", "stage 1", "control", "stage 3", "settings");
        foreach (var run in runs)
        {
            table.Add([.. run.Cells.Select(OneLine.Of)]);
        }

        table.Print(context.Terminal);
        return ExitCodes.Done;
    }
}
