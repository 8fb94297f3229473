using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>What the features of a frozen network are worth with few labels.</summary>
internal sealed class ProbeVerb : Verb<ProbeArguments>
{
    private const string Auto = "auto";

    private static readonly RealKey _lambda = new("lambda", 1e-9, 1e9);
    private static readonly IntegerKey _neighbours = new("neighbours", 1, 1_000_000);

    public override string Name => "probe";

    public override string Purpose => "accuracy of a logistic regression and of nearest neighbours on a frozen network's features of few labelled images";

    public override IReadOnlyList<string> Examples =>
    [
        "probe --data folder:cifar --labels-per-class 4 --features resnet18.onnx --pixels caffe --seeds 1-5 --cache features",
        "probe --data cifar10:data/cifar10 --labels-per-class 1 --features msn-small-96 --json",
    ];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What is measured",
        [
            "The low-shot protocol of MSN and DINO: features of the labelled images, each without its mean and at length 1; a multinomial logistic"
            + " regression without intercept, with the penalty lambda / 2n |W|^2 for n images; and a vote of the nearest, each with exp(cosine / 0.07)."
            + " Both classify all test images. Other training images are not used.",
            "The regression has one least value and is proven to be within a millionth of it. With several seeds, the mean and the deviation are"
            + " of the labelled images that each draws; the test images are the same.",
            "Of a vit the features are the class token before the final norm. Images are resized to the network's side as PIL does it.",
        ]),
        ("--lambda auto",
        [
            $"Cross-validation over the labelled images of each seed alone, 2 to 5 folds with all classes in each: of {string.Join(", ", ProbeRequest.Lambdas)}"
            + " the one with the least cross-entropy of the images held out, of equal ones the largest. No class may have a single labelled image.",
        ]),
        ("--cache",
        [
            "An image is known by its pixels, a network by its file's hash and all else that features depend on: other seeds, limits and data sets"
            + " share what they have in common, and a probe that was stopped goes on. A damaged file is told and its features are computed again.",
        ]),
        ("--pixels",
            [.. PixelScale.Scales.Select(scale => $"{scale.Name}: {scale.Description}.")]),
    ];

    protected override int Execute(ProbeArguments arguments, CliContext context)
    {
        var options = context.Resolve(arguments).ToOptions();
        var request = new ProbeRequest(
            options.Data,
            Seeds(arguments, options.Seed),
            NetworkOptions.Recipe(
                NetworkOptions.Given(arguments.Features, Name, "features FILE"), arguments.FeaturesOutput, arguments.Pixels, arguments.Side))
        {
            Cache = arguments.Cache is { } folder ? OutputPath.Require(folder) : null,
        };
        request = request with
        {
            Lambda = arguments.Lambda == Auto ? null : Read(_lambda, arguments.Lambda, request.Lambda!.Value),
            Neighbours = Read(_neighbours, arguments.Neighbours, request.Neighbours),
        };
        using var device = DeviceChoice.Open(options.Device, kernels: null, context.Terminal);
        var result = context.Terminal.Watch(screen => context.Commands.Probe(request, device, screen, context.Stop));
        VerbResult.Of(
        [
            new("features", result.Features),
            new("test", result.Test),
            new("lambda", request.Lambda is { } lambda ? lambda : Auto),
            new("neighbours", request.Neighbours),
            new("seeds", result.Seeds),
            new("regressionTop1", result.Regression.Mean),
            new("regressionDeviation", result.Regression.StandardDeviation),
            new("neighboursTop1", result.Neighbours.Mean),
            new("neighboursDeviation", result.Neighbours.StandardDeviation),
            new("warnings", result.Warnings),
        ]).Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }

    private static IReadOnlyList<int> Seeds(ProbeArguments arguments, int seed) => arguments switch
    {
        { Seeds: null } => [seed],
        { Seed: not null } => throw new DptException(FailureKind.Usage, "--seeds names all seeds: leave the single seed out"),
        { Seeds: { } list } => SeedList.Parse(list),
    };

    private static T Read<T>(ConfigKey key, string? given, T usual) where T : struct
    {
        object? value = usual;
        return given is null || key.TryRead(given, out value) ? (T)value! : throw ResolvedConfig.OutOfLimits(key, given, $"--{key.Name}");
    }
}
