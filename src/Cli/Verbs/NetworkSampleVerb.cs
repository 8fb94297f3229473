using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Samples by a U-ViT or SongUNet that another tool has trained, from given noise.</summary>
internal sealed class NetworkSampleVerb : Verb<NetworkSampleArguments>
{
    private const string ContinuousSchedule = "vp";
    private const string Unguided = "0";

    public override string Name => "generate --weights";

    public override string Purpose => "samples of a U-ViT or SongUNet with the weights of another tool, from given noise, as .npy";

    public override IReadOnlyList<string> Examples =>
    [
        "generate --weights nnet_ema.pth --heads 8 --init z.npy --labels y.npy --solver dpm-solver-fast --steps 50 --guidance 0.4 --out x.npy",
        "generate --weights edm-cifar10-32x32-cond-vp.pkl --key ema.model --model songunet --schedule edm --init z.npy --labels y.npy --solver edm-heun --steps 35 --out x.npy",
        "generate --weights huge.pth --heads 16 --schedule discrete --init z.npy --labels y.npy --solver dpm-solver++-fast --steps 50 --out x.npy",
    ];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("What is drawn",
        [
            "Exact noise in, exact samples out: nothing clips or rounds them. Weights are read as `dpt forward` reads them; a U-ViT predicts"
            + " noise, and the last row of its table of labels is the null label.",
            "A SongUNet is the network inside EDM's preconditioning: with --schedule edm it is preconditioned and told ln(sigma)/4, with others it"
            + " predicts noise (EDM's VP models). Its labels are its classes, and one more for none; it is not told of augmentation.",
            "A continuous network (vp, as U-ViT-S, -M and -L) is solved from t = 1 to 1e-4 and is told 999 t; a discrete one (as U-ViT-H)"
            + " from t = 1 to 1/1000 and is told 1000 t. A guided pair of evaluations counts once.",
            "All samples go through the solver together.",
            "A folder of `dpt import` as --weights says its heads itself.",
            "With --autoencoder the samples are latents, of which its decoder makes images: --out is then a new folder for them, as `dpt decode`"
            + " makes it.",
        ]),
    ];

    protected override int Execute(NetworkSampleArguments arguments, CliContext context)
    {
        var way = ConfigLoader.Defaults();
        way.Apply([new("generate.guidance", Unguided, "--guidance")]);
        way.Apply(ArgumentParser.Options(arguments));
        _ = Given(arguments.Solver, "solver NAME");
        _ = Given(arguments.Steps, "steps N");
        var options = way.ToOptions();
        var request = new NetworkSampleRequest(
            NetworkOptions.Network(Name, arguments.Weights, arguments.Key, arguments.Model, arguments.Heads, unlessNamed: "uvit"),
            Given(arguments.Init, "init FILE"),
            arguments.Labels,
            arguments.Schedule ?? ContinuousSchedule,
            options.Generate,
            options.Seed,
            Given(arguments.Out, "out PATH"),
            arguments.Autoencoder);
        if (request is { Autoencoder: not null, Drawing.Threshold: not null })
        {
            throw new DptException(FailureKind.Usage, "--threshold is for pixels: the latents of an --autoencoder have no range");
        }

        _ = request.Autoencoder is null ? OutputPath.Require(request.Out) : OutputPath.RequireNew(request.Out, isFolder: true);
        using var device = DeviceChoice.Open(arguments.Device ?? "auto", kernels: null, context.Terminal);
        var values = context.Terminal.Watch(screen => context.Commands.SampleNetwork(request, device, screen, context.Stop));
        VerbResult.Of(values).Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }

    private string Given(string? value, string option) => NetworkOptions.Given(value, Name, option);
}
