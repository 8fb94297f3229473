using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Weights of another tool as a folder of ours.</summary>
internal sealed class ImportVerb : Verb<ImportArguments>
{
    public override string Name => "import";

    public override string Purpose => "weights of another tool as a folder with safetensors, sizes and a card, for `--weights` and the hub";

    public override string? Word => "FILE";

    public override IReadOnlyList<string> Examples =>
    [
        "import nnet_ema.pth --as uvit --heads 8 --out uvit-small",
        "import msn.pth.tar --key target_encoder --as vit --heads 6 --features --image-size 96 --out msn-small-96",
        "import model_best.pth --key ema_model --as wrn --out wrn-28-2",
        "import autoencoder_kl.pth --as autoencoder --out autoencoder-kl",
    ];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What is made",
        [
            "model.safetensors with the official names, those of diffusers turned into them, config.json with all sizes, and a card, as `dpt export --to hf` makes them. `dpt forward`,"
            + " `dpt grad` and `dpt generate` take the folder as --weights, and then need neither --model nor --heads.",
            "Files are read, sizes inferred and names matched as `dpt forward` does (`dpt forward --help`): each tensor must have its place and"
            + " its shape, or nothing is written. Distillation tokens, layer scale, register tokens and SwiGLU are refused by name.",
            "With --image-size the positions are interpolated as MSN does it: bicubic, corners not aligned, tokens in front of the patches kept.",
        ]),
    ];

    protected override int Execute(ImportArguments arguments, CliContext context)
    {
        var file = arguments.Words.FirstOrDefault() ?? throw new DptException(FailureKind.Usage, "import: name the file of weights");
        var model = ChosenName.Require("--as", Given(arguments.As, "as NAME"), ForeignNetwork.Models);
        var request = new ImportRequest(
            new ForeignNetworkOptions(
                file,
                arguments.Key,
                model,
                NetworkOptions.Heads(Name, model, arguments.Heads),
                arguments.Features,
                arguments.ImageSize is { } size ? NetworkOptions.ImageSize(size) : null),
            arguments.Licence ?? ExportRequest.UnknownLicence,
            OutputPath.RequireNew(Given(arguments.Out, "out DIR"), isFolder: true));
        using var device = DeviceChoice.Open("host", kernels: null, context.Terminal);
        VerbResult.Of(context.Commands.Import(request, device)).Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }

    private string Given(string? value, string option) => NetworkOptions.Given(value, Name, option);
}
