namespace DPT.Engine.Cli;

/// <summary>A computation with a network that another tool has trained, to be compared with what that tool computes.</summary>
internal abstract class NetworkVerb : Verb<NetworkArguments>
{
    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("Networks of other tools",
        [
            "uvit is the U-ViT with its official names, vit the ViT with those of timm, DeiT and MSN, wrn the wide residual network of FreeMatch in"
            + " evaluation mode, with the statistics of the file; autoencoder is Stable Diffusion's, with its official names or those of diffusers,"
            + " and gives the images of the mean codes of its images. All sizes but the heads follow from the tensors. Each tensor must have its place and its shape, and an option that ours does not have is refused by name.",
            "Names lose `module.` wherever it stands. Half precision, bfloat16, doubles and integers become floats.",
            "Files of torch.save, before PyTorch 1.6 and since, are read as data: of the pickle only tensors, numbers, texts, lists and"
            + " dictionaries are loaded; any other name in it is refused, and nothing is run.",
            "A folder of `dpt import` says itself which network it is: --model and --heads are not needed.",
            "Times are those of the official network: 999 t of a continuous U-ViT, 1 to 1000 of a discrete one.",
        ]),
    ];

    protected abstract bool Gradients { get; }

    protected override int Execute(NetworkArguments arguments, CliContext context)
    {
        var request = new NetworkRequest(
            NetworkOptions.Network(Name, arguments.Weights, arguments.Key, arguments.Model, arguments.Heads, arguments.Features),
            Given(arguments.X, "x FILE"),
            arguments.T,
            arguments.Y,
            Given(arguments.Out, "out FILE"),
            Gradients);
        _ = OutputPath.Require(request.Out);
        using var device = DeviceChoice.Open(arguments.Device ?? "auto", kernels: null, context.Terminal);
        VerbResult.Of(context.Commands.RunNetwork(request, device)).Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }

    private string Given(string? value, string option) => NetworkOptions.Given(value, Name, option);
}

/// <summary>What such a network gives.</summary>
internal sealed class ForwardVerb : NetworkVerb
{
    public override string Name => "forward";

    public override string Purpose => "output of a network with the weights of another tool, a U-ViT for instance, as .npy";

    public override IReadOnlyList<string> Examples =>
    [
        "forward --weights nnet_ema.pth --model uvit --heads 8 --x x.npy --t t.npy --out eps.npy",
        "forward --weights msn.pth.tar --key target_encoder --model vit --heads 6 --features --x x.npy --out f.npy",
        "forward --weights model_best.pth --key ema_model --model wrn --x x.npy --out logits.npy",
    ];

    protected override bool Gradients => false;
}

/// <summary>How its weights would have to change.</summary>
internal sealed class GradVerb : NetworkVerb
{
    public override string Name => "grad";

    public override string Purpose => "gradients of mean(output^2) of such a network, by the names of its parameters, as .npz";

    public override IReadOnlyList<string> Examples =>
    [
        "grad --weights nnet.pth --model uvit --heads 8 --x x.npy --t t.npy --y y.npy --out gradients.npz",
        "grad --weights deit.safetensors --model vit --heads 3 --x x.npy --out gradients.npz --device cuda",
    ];

    protected override bool Gradients => true;
}
