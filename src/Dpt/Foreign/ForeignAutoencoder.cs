using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Stable Diffusion's autoencoder by its official names or those of diffusers (spec 4.2). Asked for its output it gives the images of the
/// mean codes, as diffusers' does.
/// </summary>
internal sealed class ForeignAutoencoder : ForeignNetwork
{
    private readonly KlAutoencoderConfig _config;
    private readonly KlAutoencoder _network;

    public ForeignAutoencoder(Device device, ForeignNetworkOptions options, Dictionary<string, WeightTensor> tensors) : base(device)
    {
        Usage.Require(options.Heads is null or 1, "an autoencoder has 1 attention head");
        Usage.Require(!options.Features, "features are of a ViT; an autoencoder gives images");
        Usage.Require(options.ImageSize is null, "an autoencoder has no positions to interpolate: it takes images of any size");
        var own = DiffusersAutoencoder.OfficialNames(tensors);
        _config = Infer(new TensorShapes(own));
        _network = new KlAutoencoder(Store, _config);
        Import(own);
    }

    public override string Description =>
        $"autoencoder: images of {_config.Channels} channels, width {_config.Width}, channels times {_config.ChannelMultipliers}, {_config.Blocks} blocks a level, "
        + $"latents of {_config.LatentChannels} channels and 1/{_config.Reduction} of the side";

    internal override string Task => "image-to-image";

    /// <summary>Its side is the smallest: it takes multiples of it as well.</summary>
    private protected override ImageForm Form => new(_config.Channels, _config.Reduction, Classes: 0);

    /// <summary>Channels of its images.</summary>
    internal int Channels => _config.Channels;

    /// <summary>Floats on the device that it holds and that a pass takes, about.</summary>
    /// <param name="side">Side of the images.</param>
    /// <param name="batch">Images of the pass.</param>
    internal long FloatsOf(int side, int batch) => (2 * Store.FlatLength) + (batch * _config.FloatsOf(side));

    /// <summary>What computes it.</summary>
    internal Precision Precision => Store.Device.Precision;

    /// <summary>Opens the autoencoder of a folder of <c>dpt import</c>.</summary>
    /// <exception cref="DptException">Usage: it is another network. Environment and Check as of any folder.</exception>
    internal static ForeignAutoencoder OpenFolder(Device device, string path)
    {
        var options = ImportedFolder.Find(path);
        Usage.Require(options.Model == Autoencoder, $"'{path}' holds a {options.Model}, not an autoencoder; `dpt import --as autoencoder` makes a folder of one");
        return (ForeignAutoencoder)Open(device, options);
    }

    /// <summary>Sizes of the moments of an image: twice the latent channels, and the latent's sides.</summary>
    /// <exception cref="DptException">Usage: there are none of such images.</exception>
    internal int[] MomentsOf(ImageForm form)
    {
        Usage.Require(
            _config.Channels is 1 or 3 && form.Channels <= _config.Channels,
            $"the images have {form.Channels} channels, the autoencoder takes {_config.Channels}");
        Usage.Require(
            form.Side % _config.Reduction == 0,
            $"the images have {form.Side} pixels a side, the autoencoder takes multiples of {_config.Reduction}; resize them with --image-size");
        return [2 * _config.LatentChannels, form.Side / _config.Reduction, form.Side / _config.Reduction];
    }

    internal override ForeignDescription Describe() => new(
        new ForeignSizes(_config.Width, _config.Blocks) { ChannelMultipliers = _config.ChannelMultipliers, LatentChannels = _config.LatentChannels },
        _config.Channels,
        Classes: 0);

    /// <summary>What <see cref="LatentMoments"/> makes latents of.</summary>
    /// <param name="images">-1..1, [N, C, S, S].</param>
    /// <returns>[N, 2 latent channels, s, s].</returns>
    /// <exception cref="DptException">Usage: the images do not fit. Diverged: a number is not finite.</exception>
    internal NpyArray<float> Encode(NpyArray<float> images)
    {
        RequireFit(new NetworkInput(images));
        using var memory = new Uploaded(Store.Device, new NetworkInput(images));
        using var tape = new Tape(Store.Device);
        return Result(tape.WithoutGradient(() => _network.Encode(tape, memory.Images)), image => $"image {image}");
    }

    /// <summary>The images of latents.</summary>
    /// <param name="latents">[N, latent channels, s, s].</param>
    /// <returns>About -1..1, [N, C, S, S].</returns>
    /// <exception cref="DptException">Usage: the latents do not fit. Diverged: a number is not finite.</exception>
    internal NpyArray<float> Decode(NpyArray<float> latents)
    {
        RequireLatents(latents);
        using var memory = new Uploaded(Store.Device, new NetworkInput(latents));
        using var tape = new Tape(Store.Device);
        return Result(
            tape.WithoutGradient(() => _network.Decode(tape, tape.Scale(memory.Images, 1 / LatentMoments.Scale))), latent => $"latent {latent}");
    }

    /// <summary>Throws unless latents are of this autoencoder.</summary>
    /// <exception cref="DptException">Usage: they are not.</exception>
    internal void RequireLatents(NpyArray<float> latents)
    {
        var shape = latents.Shape;
        Usage.Require(
            shape.Count == 4 && shape[0] > 0 && shape[1] == _config.LatentChannels && shape[2] > 0 && shape[2] == shape[3],
            $"latents are {latents}, the autoencoder takes [N, {_config.LatentChannels}, s, s]");
    }

    private protected override Tensor Run(Tape tape, Uploaded input) =>
        _network.Decode(tape, tape.Slice(_network.Encode(tape, input.Images), axis: 1, start: 0, _config.LatentChannels));

    private protected override void RequireFit(NetworkInput input)
    {
        var shape = input.Images.Shape;
        Usage.Require(
            shape.Count == 4 && shape[0] > 0 && shape[1] == Form.Channels && shape[2] == shape[3] && shape[2] > 0 && shape[2] % Form.Side == 0,
            $"x is {input.Images}, the network takes [N, {Form.Channels}, S, S] with S a multiple of {Form.Side}");
        Usage.Require(input is { Times: null, Labels: null }, "an autoencoder takes images alone, neither t nor y");
    }

    private protected override bool IsFilter(Tensor tensor) => tensor.Shape.Rank == 4;

    private static KlAutoencoderConfig Infer(TensorShapes shapes)
    {
        shapes.RequireNone(("encoder.down.0.attn.", "attention above the smallest images"), ("encoder.down.1.attn.", "attention above the smallest images"));
        var first = shapes.Of("encoder.conv_in.weight", 4);
        var levels = Enumerable.Range(0, shapes.Count("encoder.down"));
        var config = new KlAutoencoderConfig(
            first[1],
            first[0],
            [.. levels.Select(level => shapes.Of($"encoder.down.{level}.block.0.conv1.weight", 4)[0] / first[0])],
            shapes.Count("encoder.down.0.block"),
            shapes.Of("post_quant_conv.weight", 4)[0]);
        try
        {
            config.Validate();
            return config;
        }
        catch (DptException misfit)
        {
            throw new InvalidDataException(misfit.Message, misfit);
        }
    }
}
