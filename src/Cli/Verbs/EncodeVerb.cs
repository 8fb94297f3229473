using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>A data set as what an autoencoder says of its images.</summary>
internal sealed class EncodeVerb : Verb<EncodeArguments>
{
    public override string Name => "encode";

    public override string Purpose => "moments of a data set's training images and their mirrored copies by an autoencoder, as one .safetensors file";

    public override IReadOnlyList<string> Examples =>
    [
        "encode --data folder:imagenet --image-size 256 --autoencoder autoencoder-kl --out imagenet256.safetensors",
        "encode --data cifar10:data/cifar10 --autoencoder autoencoder-kl --out cifar10.safetensors --device cuda",
    ];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What is written",
        [
            "moments, float32 [N, 2, 8, side/8, side/8]: of each image and of its mirrored copy the means and the logarithms of the variances, as"
            + " the network gives them; labels, int64 [N], -1 where nobody knows one; names, UTF-8 with a zero byte between, of images that have"
            + " some. The metadata say the hash of the autoencoder, that of the images, and the precision.",
            "Images are resized as ADM, EDM and U-ViT do it for generators: halved by means while the shorter side is twice --image-size or more,"
            + " then bicubic, then the middle is cut out.",
            "The file grows as NAME.partial and gets its name when it is whole. The same command goes on with it after an interruption,"
            + " in the precision that it was begun in.",
        ]),
    ];

    protected override int Execute(EncodeArguments arguments, CliContext context)
    {
        var options = context.Resolve(arguments).ToOptions();
        var request = new EncodeRequest(
            options.Data,
            options.Seed,
            NetworkOptions.Given(arguments.Autoencoder, Name, "autoencoder DIR"),
            OutputPath.RequireNew(NetworkOptions.Given(arguments.Out, Name, "out FILE"), isFolder: false, replaces: false));
        using var device = DeviceChoice.Open(options, kernels: null, context.Terminal);
        var result = context.Terminal.Watch(screen => context.Commands.Encode(request, device, screen, context.Stop));
        VerbResult.Of(
        [
            new("autoencoder", result.Autoencoder),
            new("images", result.Images),
            new("found", result.Found),
            new("moments", result.Moments),
            new("file", request.Out),
        ]).Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }
}
