using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A wide residual network with the names of FreeMatch's official code (spec 2.4), in use, with the statistics of the file. The counts of
/// batches in it are passed by.
/// </summary>
internal sealed class ForeignWideResNet : ForeignNetwork
{
    private const string BatchCount = ".num_batches_tracked";

    private readonly ClassifierOptions _sizes;
    private readonly WideResNet _network;

    public ForeignWideResNet(Device device, ForeignNetworkOptions options, Dictionary<string, WeightTensor> tensors) : base(device)
    {
        Usage.Require(options.Heads is null, "a wrn has no attention heads");
        Usage.Require(!options.Features, "features are of a ViT; a wrn gives scores");
        Usage.Require(options.ImageSize is null, "a wrn has no positions to interpolate: it takes images of any size");
        var own = tensors.Where(item => !item.Key.EndsWith(BatchCount, StringComparison.Ordinal)).ToDictionary(StringComparer.Ordinal);
        (_sizes, Form) = Infer(new TensorShapes(own));
        _network = new WideResNet(Store, _sizes, Form);
        Import(own);
    }

    public override string Description =>
        $"wide residual network: images of {Form.Channels} channels, width {_sizes.Width}, depth {_sizes.Depth}, {Form.Classes} classes";

    internal override string Task => "image-classification";

    /// <summary>Its side is the smallest: it takes larger ones as well.</summary>
    private protected override ImageForm Form { get; }

    internal override ForeignDescription Describe() => new(new ForeignSizes(_sizes.Width, _sizes.Depth), Form.Channels, Form.Classes);

    private protected override Tensor Run(Tape tape, Uploaded input) => _network.Forward(tape, input.Images);

    private protected override void RequireFit(NetworkInput input)
    {
        var shape = input.Images.Shape;
        Usage.Require(
            shape.Count == 4 && shape[0] > 0 && shape[1] == Form.Channels && shape[2] == shape[3] && shape[2] >= Form.Side,
            $"x is {input.Images}, the network takes [N, {Form.Channels}, S, S] with S of {Form.Side} and more");
        Usage.Require(input is { Times: null, Labels: null }, "a wrn takes images alone, neither t nor y");
    }

    private protected override bool IsFilter(Tensor tensor) => tensor.Shape.Rank == 4;

    private static (ClassifierOptions Sizes, ImageForm Form) Infer(TensorShapes shapes)
    {
        var (channels, width) = (shapes.Of("conv1.weight", 4)[1], shapes.Of("block1.layer.0.conv1.weight", 4)[0]);
        if (!shapes.Has("conv1.bias"))
        {
            throw new InvalidDataException("it has no 'conv1.bias': a wrn without biases of convolutions, as that of USB, is another network and not supported");
        }

        var sizes = new ClassifierOptions
        {
            Network = WideResNet,
            PatchSize = 1,
            Width = width,
            Depth = Dpt.WideResNet.DepthOf(shapes.Count("block1.layer")),
            Heads = 1,
            MlpRatio = 1,
        };
        return (sizes, new ImageForm(channels, Dpt.WideResNet.SmallestImage, shapes.Of("fc.weight", 2)[0]));
    }
}
