using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>A network that learns from images without labels.</summary>
internal sealed class PretrainVerb : Verb<PretrainArguments>
{
    public override string Name => "pretrain";

    public override string Purpose => "train a vision transformer on all images without labels, for `--features` and `probe.features`";

    public override IReadOnlyList<string> Examples =>
    [
        "pretrain --data folder:photos --image-size 32 --out photos-msn --set pretrain.steps=20000",
        "pretrain --data cifar10:data/cifar10 --out cifar-msn --set pretrain.flip=true,pretrain.smallViews=4",
    ];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What is trained",
        [
            "Masked siamese networks: what an average of the network makes of one crop of an image, the network is to make of a crop that lacks"
            + " patches, and of small ones. Labels are not looked at. `pretrain.*` has the sizes and the budget, `dpt config show` lists them; an"
            + " image's side is even, and pretrain.patchSize divides half of it.",
            "On the built-in digits the features have not been shown to help a run. What they are worth on other images, `dpt probe` says.",
        ]),
        ("What is made",
        [
            "A folder as `dpt import --as vit --features` makes it: the averaged weights with the official names, sizes and a card, and"
            + " metrics.jsonl. `dpt probe --features DIR` and `dpt run --set probe.features=DIR` take it; pixels are `imagenet`, as they are there"
            + " without a word.",
            "Until then DIR.training keeps checkpoints and metrics. Ctrl-C saves there, and the same command with the same settings and images"
            + " goes on; with others the training begins anew.",
        ]),
    ];

    protected override int Execute(PretrainArguments arguments, CliContext context)
    {
        var folder = OutputPath.RequireNew(NetworkOptions.Given(arguments.Out, Name, "out DIR"), isFolder: true);
        var options = context.Resolve(arguments).ToOptions();
        using var device = DeviceChoice.Open(options, kernels: null, context.Terminal);
        var result = context.Terminal.Watch(
            screen => context.Commands.Pretrain(new PretrainRequest(options, folder), device, screen, context.Stop));
        VerbResult.Of(
        [
            new("network", result.Network),
            new("parameters", result.Parameters),
            new("images", result.Images),
            new("steps", result.Steps),
            new("pixels", result.Pixels),
            new("folder", folder),
            new("warnings", result.Warnings),
        ]).Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }
}
