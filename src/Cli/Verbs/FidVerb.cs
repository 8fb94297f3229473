using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>How good samples are. The verb has the name that people look for; the output names the features, which need not be Inception's.</summary>
internal sealed class FidVerb : RunFolderVerb<FidArguments>
{
    public override string Name => "fid";

    public override string Purpose => "a run's pseudo-images beside its training images: Frechet and kernel distance, precision, recall, density, coverage, in named features";

    public override IReadOnlyList<string> Examples =>
    [
        "fid --resume runs/00001-digits",
        "fid --resume runs/00001-digits --json",
        "fid --resume runs/00001-digits --features inception.onnx --features-output pool --class-output logits --pixels signed",
        "fid --resume runs/00001-digits --features resnet18.onnx --save-statistics train.npz",
        "fid --resume runs/00001-digits --features inception.onnx --pixels signed --statistics fid_stats_cifar10_train_pytorch.npz",
    ];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("Whose features",
        [
            "Without --features a classifier is trained on all true labels of the run's data. Its numbers tell runs on one data set apart, and"
            + " nothing else: no paper reports them.",
            "--features takes any network that ONNX Runtime computes: one input, float32 [N, 1 or 3, side, side], and an output [N, width] or"
            + " [N, width, 1, 1]; or a folder of `dpt import --as vit`. With the Inception network of pytorch-fid the Frechet distance is the FID, the kernel distance KID, and the"
            + " class score the Inception Score, over all images at once.",
            "The result names the network by its file's hash, the output, the side and the scale of pixels: all that the numbers depend on but for"
            + " the images. Images are resized as PIL does it, antialiased; published numbers of pytorch-fid are of images resized without that.",
        ]),
        ("--pixels",
            [.. PixelScale.Scales.Select(scale => $"{scale.Name}: {scale.Description}.")]),
        ("Statistics",
        [
            "--statistics and --save-statistics are files as pytorch-fid has them. They say neither whose features they are of nor how images were"
            + " resized: compare like with like. With --statistics the Frechet distance and the class score are all there is.",
        ]),
    ];

    protected override bool OnlyReads => true;

    protected override VerbResult Work(RunRequest request, FidArguments arguments, CliContext context) =>
        VerbResult.Of(context.Commands.MeasureSamples(request, Comparison(arguments), context.Stop));

    private static SampleComparison Comparison(FidArguments arguments)
    {
        if (arguments is { Features: null } and ({ FeaturesOutput: not null } or { ClassOutput: not null } or { Pixels: not null } or { Side: not null }))
        {
            throw new DptException(FailureKind.Usage, "--features-output, --class-output, --pixels and --side say how to use the network of --features FILE");
        }

        return new SampleComparison
        {
            Features = arguments.Features is { } network
                ? NetworkOptions.Recipe(network, arguments.FeaturesOutput, arguments.Pixels, arguments.Side) with { ClassOutput = arguments.ClassOutput }
                : null,
            Statistics = arguments.Statistics,
            StatisticsOut = arguments.SaveStatistics is { } path ? OutputPath.Require(path) : null,
        };
    }
}
