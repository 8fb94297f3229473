using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Latents as images.</summary>
internal sealed class DecodeVerb : Verb<DecodeArguments>
{
    public override string Name => "decode";

    public override string Purpose => "images of latents by an autoencoder, as a folder of .png";

    public override string? Word => "FILE";

    public override IReadOnlyList<string> Examples =>
    [
        "decode latents.npy --autoencoder autoencoder-kl --out images",
        "decode latents.npy --autoencoder autoencoder-kl --out images --device cuda",
    ];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What is decoded",
        [
            "FILE has latents, float32 [N, 4, s, s], as `dpt generate --weights` draws them: codes times 0.18215. Images have 8 s pixels a side; what"
            + " lies beyond -1 and 1 is cut off, and pixels are rounded to the nearest level.",
            "Latents are decoded by the autoencoder that made those that the generator learned from: others give other images, and nothing tells.",
        ]),
    ];

    protected override int Execute(DecodeArguments arguments, CliContext context)
    {
        var file = arguments.Words.FirstOrDefault() ?? throw new DptException(FailureKind.Usage, "decode: name the file of latents");
        var request = new DecodeRequest(
            file,
            NetworkOptions.Given(arguments.Autoencoder, Name, "autoencoder DIR"),
            OutputPath.RequireNew(NetworkOptions.Given(arguments.Out, Name, "out DIR"), isFolder: true));
        using var device = DeviceChoice.Open(arguments.Device ?? "auto", kernels: null, context.Terminal);
        var values = context.Terminal.Watch(screen => context.Commands.Decode(request, device, screen, context.Stop));
        VerbResult.Of(values).Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }
}
