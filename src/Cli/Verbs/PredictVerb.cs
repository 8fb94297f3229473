using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>The trained classifier of a run on images that nobody has labelled.</summary>
internal sealed class PredictVerb : Verb<PredictArguments>
{
    public override string Name => "predict";

    public override string Purpose => "classes of new images by the trained classifier of a run, as CSV or JSON";

    public override string? Word => "PATH...";

    public override int MostWords => int.MaxValue;

    public override IReadOnlyList<string> Examples =>
        ["predict --run runs/00001-digits photo.png", "predict --run runs/00003-photos new-photos --json"];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What is predicted",
        [
            "A PATH is an image or a folder, of which all images are meant. Images are resized to what the classifier was trained on, and their middle is cut out.",
            "The classifier is that of the last finished stage 3; where none is finished, that of stage 1. Neither the data of the run is needed nor"
            + " the machine that trained it, and nothing of the run changes.",
            "CSV has a line per image: file, class and its probability. --json adds the probabilities of all classes.",
            "If an image cannot be read, all such are named and nothing is printed; with --skip-broken they are left out and named.",
        ]),
    ];

    protected override int Execute(PredictArguments arguments, CliContext context)
    {
        var run = arguments.Run ?? throw new DptException(FailureKind.Usage, "predict: name the run, --run DIR");
        if (!arguments.Words.Any())
        {
            throw new DptException(FailureKind.Usage, "predict: name at least one image or folder");
        }

        RunFolder.RequireRun(run);
        using var device = DeviceChoice.Open(arguments.Device ?? "auto", kernels: null, context.Terminal);
        var predictions = context.Terminal.Watch(screen => context.Commands.Predict(
            new RunLayout(run), [.. arguments.Words], arguments.SkipBroken, device, screen, context.Stop));
        context.Terminal.Message($"classifier: {predictions.Classifier}");
        if (predictions.Skipped.Count > 0)
        {
            context.Terminal.Message($"warning: {predictions.Skipped.Count} images are left out: {BrokenImage.Summary(predictions.Skipped)}");
        }

        foreach (var line in arguments.Json ? [JsonFiles.Text(predictions)] : predictions.Csv)
        {
            context.Terminal.Result(line);
        }

        return ExitCodes.Done;
    }
}
