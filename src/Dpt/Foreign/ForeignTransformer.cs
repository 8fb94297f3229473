using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A ViT with the names of timm, DeiT, MSN, DINO and DINOv2 (spec 2.1). Its head is <c>head</c> or <c>fc</c>. Of DINOv2 it may have layer scale and
/// registers; the token that its training put in the place of patches is passed by.
/// </summary>
internal sealed class ForeignTransformer : ForeignNetwork
{
    private const string OurHead = "fc.";
    private const string TheirHead = "head.";
    private const string MaskToken = "mask_token";
    private const string RegisterTokens = "register_tokens";
    private const int ClassTokens = 1;

    /// <summary>What DINOv2 adds to the side of the new grid before it divides by that of the old one.</summary>
    private const double OffsetOfDinoV2 = 0.1;

    private readonly ClassifierOptions _sizes;
    private readonly TransformerExtras _extras;
    private readonly VisionTransformer _network;
    private readonly bool _features;
    private readonly bool _hasTheirHead;

    public ForeignTransformer(Device device, ForeignNetworkOptions options, Dictionary<string, WeightTensor> tensors) : base(device)
    {
        _features = options.Features;
        _hasTheirHead = tensors.Keys.Any(name => name.StartsWith(TheirHead, StringComparison.Ordinal));
        var own = OwnNames(tensors);
        (_sizes, _extras, Form) = Infer(new TensorShapes(own), options);
        if (options.ImageSize is { } side)
        {
            Usage.Require(
                _extras.Registers == 0,
                "positions of a ViT with registers are interpolated with antialiasing in its code, which is not here: leave --image-size out");
            own = PositionGrid.Resized(own, ClassTokens, _sizes.PatchSize, side, _extras.LayerScale ? OffsetOfDinoV2 : 0);
            Form = Form with { Side = side };
        }

        _network = new VisionTransformer(Store, _sizes, Form, _extras);
        Import(own);
    }

    public override string Description =>
        $"ViT: images {Form.Channels}x{Form.Side}x{Form.Side}, patch {_sizes.PatchSize}, width {_sizes.Width}, depth {_sizes.Depth}, heads {_sizes.Heads}, "
        + $"MLP ratio {_sizes.MlpRatio}, {(_features ? "features" : $"{Form.Classes} classes")}"
        + (_extras.LayerScale ? ", layer scale" : "") + (_extras.Registers > 0 ? $", {_extras.Registers} registers" : "");

    internal override string Task => _features ? "image-feature-extraction" : "image-classification";

    private protected override ImageForm Form { get; }

    internal override ForeignDescription Describe() => new(
        new ForeignSizes(_sizes.Width, _sizes.Depth, _sizes.PatchSize, _sizes.Heads, _sizes.MlpRatio)
        {
            LayerScale = _extras.LayerScale ? true : null,
            Registers = _extras.Registers > 0 ? _extras.Registers : null,
        },
        Form.Channels,
        _features ? 0 : Form.Classes,
        Form.Side);

    private protected override Tensor Run(Tape tape, Uploaded input) =>
        _features ? _network.ClassToken(tape, input.Images) : _network.Forward(tape, input.Images);

    private protected override void RequireFit(NetworkInput input)
    {
        base.RequireFit(input);
        Usage.Require(input is { Times: null, Labels: null }, "a ViT takes images alone, neither t nor y");
    }

    private protected override bool IsOfFile(string name) => !_features || !name.StartsWith(OurHead, StringComparison.Ordinal);

    private protected override string NameInFile(string name) =>
        _hasTheirHead && name.StartsWith(OurHead, StringComparison.Ordinal) ? TheirHead + name[OurHead.Length..] : name;

    /// <summary>The tensors by our names. For features any head will do: MSN's projects, and is not one that we have.</summary>
    private Dictionary<string, WeightTensor> OwnNames(Dictionary<string, WeightTensor> tensors)
    {
        if (_hasTheirHead && tensors.Keys.FirstOrDefault(name => name.StartsWith(OurHead, StringComparison.Ordinal)) is { } second)
        {
            throw new InvalidDataException($"it has two heads, {TheirHead}* and '{OneLine.Start(second)}'");
        }

        var own = tensors.ToDictionary(
            item => item.Key.StartsWith(TheirHead, StringComparison.Ordinal) ? OurHead + item.Key[TheirHead.Length..] : item.Key, item => item.Value);
        own.Remove(MaskToken);
        if (_features)
        {
            own.Keys.Where(name => name.StartsWith(OurHead, StringComparison.Ordinal)).ToList().ForEach(name => own.Remove(name));
        }

        return own;
    }

    private static (ClassifierOptions Sizes, TransformerExtras Extras, ImageForm Form) Infer(TensorShapes shapes, ForeignNetworkOptions options)
    {
        shapes.RequireNone(
            ("dist_token", "a distillation token"),
            ("patch_embed.stem.", "a stem of convolutions"),
            ("reg_token", "register tokens"),
            ("q_norm.", "norms of queries and keys"),
            (".gamma_1", "layer scale"),
            (".mlp.w12.", "SwiGLU"),
            (".mlp.w1.", "SwiGLU"),
            (".mlp.fc1_g.", "SwiGLU"),
            ("norm_pre.", "a norm before the blocks"),
            ("fc_norm.", "a mean over tokens in place of the class token"));
        var embedding = shapes.Of("patch_embed.proj.weight", 4);
        if (!shapes.Has("blocks.0.attn.qkv.bias"))
        {
            throw new InvalidDataException("it has no 'blocks.0.attn.qkv.bias': a ViT without qkv_bias is not supported");
        }

        if (!options.Features && !shapes.Has("fc.weight"))
        {
            throw new InvalidDataException("it has no classifier, 'head.weight' or 'fc.weight'; features can be had without");
        }

        var (width, channels, patch) = (embedding[0], embedding[1], embedding[2]);
        var sizes = new ClassifierOptions
        {
            Network = "vit",
            PatchSize = patch,
            Width = width,
            Depth = shapes.Count("blocks"),
            Heads = Heads(width, options.Heads),
            MlpRatio = shapes.MlpRatio("blocks.0"),
        };
        var classes = options.Features ? 1 : shapes.Of("fc.weight", 2)[0];
        var extras = new TransformerExtras(
            shapes.Has("blocks.0.ls1.gamma"), shapes.Has(RegisterTokens) ? shapes.Of(RegisterTokens, 3)[1] : 0);
        return (sizes, extras, new ImageForm(channels, shapes.ImageSide(ClassTokens, patch), classes));
    }
}
