using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Images by the trained generator of a run.</summary>
internal sealed class SampleVerb : Verb<SampleArguments>
{
    private const string PictureEnding = ".png";
    private const string ArraysEnding = ".npz";
    private const int SheetPixels = 48;

    private static readonly IntegerKey _count = new("n", 1, 10_000);

    public override string Name => "sample";

    public override string Purpose => "images by the trained generator of a run, as one picture, as files or as arrays";

    public override IReadOnlyList<string> Examples =>
    [
        "sample --run runs/00001-digits --class 3 --n 16 --seed 5 --guidance 1.2 --out threes.png",
        "sample --run runs/00001-digits --n 100 --out digits",
        "sample --run runs/00001-digits --n 5000 --out digits.npz",
    ];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What is drawn",
        [
            "The generator is that of the last finished stage 2. It draws as its run did, but for what is given here. Neither the data of the run"
            + " is needed nor the machine that trained it, and nothing of the run changes.",
            "NAME.png has a row per class. NAME.npz has the images as arr_0, uint8 [N,side,side,channels], and the numbers of their classes as"
            + " arr_1, as npz:FILE reads them. Any other name is a new folder with a folder per class, as folder:DIR reads them.",
            "Image k of a class follows from the seed, however many are drawn; only an adaptive solver looks at the images beside it.",
        ]),
    ];

    protected override int Execute(SampleArguments arguments, CliContext context)
    {
        var run = arguments.Run ?? throw new DptException(FailureKind.Usage, "sample: name the run, --run DIR");
        var target = arguments.Out ?? throw new DptException(FailureKind.Usage, "sample: say where to, --out NAME.png, --out NAME.npz or --out DIR");
        var request = Request(run, arguments);
        RequireFree(target);
        using var device = DeviceChoice.Open(arguments.Device ?? "auto", kernels: null, context.Terminal);
        var samples = context.Terminal.Watch(screen => context.Commands.Sample(new RunLayout(run), request, device, screen, context.Stop));
        Save(samples.Images, request.PerClass, target);
        VerbResult.Of([new("generator", samples.Generator), new("images", samples.Images.Count), new("out", target)]).Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }

    private static SampleRequest Request(string run, SampleArguments arguments)
    {
        const int UsualCount = 16;
        RunFolder.RequireRun(run);
        var options = ConfigLoader.Resume(Path.Combine(run, RunLayout.ConfigName), ArgumentParser.Options(arguments)).ToOptions();
        object? count = UsualCount;
        return arguments.Count is null || _count.TryRead(arguments.Count, out count)
            ? new SampleRequest(arguments.Class, (int)count!, options.Seed, options.Generate, options.Diffusion.Autoencoder)
            : throw ResolvedConfig.OutOfLimits(_count, arguments.Count, "--n");
    }

    private static bool Is(string target, string ending) => target.EndsWith(ending, StringComparison.OrdinalIgnoreCase);

    /// <summary>Nothing is overwritten but a picture or arrays.</summary>
    private static void RequireFree(string target)
    {
        var path = OutputPath.Require(target);
        if (Directory.Exists(path) || (File.Exists(path) && !Is(target, PictureEnding) && !Is(target, ArraysEnding)))
        {
            throw new DptException(FailureKind.Environment, $"'{target}' exists; give the name of a new folder, of a picture ({PictureEnding}) or of arrays ({ArraysEnding})");
        }
    }

    private static void Save(ImageDataset images, int perClass, string target)
    {
        if (Is(target, PictureEnding))
        {
            SampleGrid.Save(
                target, images.Pixels, images.Channels, images.ImageSize, perClass, Math.Max(1, SheetPixels / images.ImageSize));
        }
        else if (Is(target, ArraysEnding))
        {
            ImageArrays.Save(images, target);
        }
        else
        {
            ImageFolder.Save(images, target);
        }
    }
}
