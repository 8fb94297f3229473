using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>The trained networks of a run, for other tools.</summary>
internal sealed class ExportVerb : Verb<ModelExportArguments>
{
    public override string Name => "export";

    public override string Purpose => "a trained network of a run for other tools: safetensors, ONNX, or a folder for the Hugging Face hub";

    public override string? Word => "RUN";

    public override IReadOnlyList<string> Examples =>
    [
        "export runs/00001-digits --to onnx --out digits.onnx",
        "export runs/00001-digits --model generator --to hf --licence cc-by-4.0 --out digits-generator",
    ];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What is exported",
        [
            "The classifier is that of the last finished stage 3, or where none is finished that of stage 1; the generator that of the last"
            + " finished stage 2. Neither the data of the run is needed nor the machine that trained it, and nothing of the run changes.",
            "safetensors: float32 weights under the names of the reference network, with what they are for in the metadata.",
            "onnx: classifier from images, [batch, C, S, S] of pixels 0..1, to logits and probabilities; generator, one evaluation of its"
            + " network, from x, t and y to what it predicts. Names of classes are in the metadata.",
            "hf: model.safetensors, config.json, and a card with the numbers of the run, their control and the settings.",
        ]),
    ];

    protected override int Execute(ModelExportArguments arguments, CliContext context)
    {
        var run = arguments.Words.FirstOrDefault() ?? throw new DptException(FailureKind.Usage, "export: name the run folder");
        var request = new ExportRequest(
            ChosenName.Require("--model", arguments.Model ?? ExportRequest.Models[0], ExportRequest.Models),
            ChosenName.Require("--to", Given(arguments.To, "--to"), ExportRequest.Formats),
            OutputPath.Require(Given(arguments.Out, "--out")),
            arguments.Licence ?? ExportRequest.UnknownLicence);
        RunFolder.RequireRun(run);
        _ = OutputPath.RequireNew(request.Path, request.MakesFolder);
        using var device = DeviceChoice.Open("host", kernels: null, context.Terminal);
        var weights = context.Terminal.Watch(screen => context.Commands.Export(new RunLayout(run), request, device, screen));
        VerbResult.Of([new("weights", weights), new("format", request.Format), new("out", request.Path)]).Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }

    private static string Given(string? value, string option) =>
        value ?? throw new DptException(FailureKind.Usage, $"export: {option} is missing");
}
