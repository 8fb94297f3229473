using System.Globalization;
using System.Text.Json;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>
/// Several runs side by side with their mean, as a Markdown table: one seed proves little. The tables of the README
/// are made with it.
/// </summary>
internal sealed class CompareVerb : Verb<CommonArguments>
{
    /// <summary>First line of every table.</summary>
    public const string Header =
        "| run | seed | stage 1 top-1 | pseudo-labels | control top-1 | stage 3 top-1 | over control |";

    public override string Name => "compare";

    public override string Purpose => "results of several runs with their mean, as a Markdown table";

    public override string? Word => "DIR...";

    public override int MostWords => int.MaxValue;

    public override IReadOnlyList<string> Examples =>
        ["compare runs/seed-1 runs/seed-2 runs/seed-3", "compare runs/00001-digits --json"];

    protected override int Execute(CommonArguments arguments, CliContext context)
    {
        var runs = arguments.Words.Select(folder => (Folder: folder, Result: Read(folder))).ToList();
        if (runs.Count == 0)
        {
            throw new DptException(FailureKind.Usage, "compare: name at least one run folder");
        }

        if (arguments.Json)
        {
            context.Terminal.Result(JsonText.Of(runs.ToDictionary(r => r.Folder, r => r.Result)));
            return ExitCodes.Done;
        }

        context.Terminal.Result(Header);
        context.Terminal.Result("|---|---|---|---|---|---|---|");
        foreach (var (folder, result) in runs)
        {
            context.Terminal.Result(Row(
                Path.GetFileName(Path.GetFullPath(folder).TrimEnd(Path.DirectorySeparatorChar)),
                result.Seed.ToString(CultureInfo.InvariantCulture),
                Accuracies(result)));
        }

        var all = runs.ConvertAll(r => Accuracies(r.Result));
        context.Terminal.Result(Row("mean", "", [.. Enumerable.Range(0, all[0].Length).Select(i => all.Average(a => a[i]))]));
        return ExitCodes.Done;
    }

    private static double[] Accuracies(DptResult result) =>
    [
        result.Stage1.Top1,
        result.Stage1.PseudoLabelAccuracy,
        result.Stage3.ControlTop1,
        result.Stage3.Top1,
    ];

    private static string Row(string run, string seed, double[] accuracies)
    {
        var shares = accuracies.Select(a => a.ToString("0.00 %", CultureInfo.InvariantCulture));
        var gain = (100 * (accuracies[3] - accuracies[2])).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);
        return $"| {run} | {seed} | {string.Join(" | ", shares)} | {gain} |";
    }

    private static DptResult Read(string folder)
    {
        var file = new RunLayout(folder).ResultPath;
        if (!File.Exists(file))
        {
            throw new DptException(FailureKind.Environment, $"'{folder}' holds no result.json: the run is not finished");
        }

        try
        {
            return JsonText.Read<DptResult>(RegularFile.ReadText(file));
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            throw new DptException(FailureKind.Check, $"'{file}' is damaged: {e.Message}", e);
        }
    }
}
