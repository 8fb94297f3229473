using System.Globalization;
using System.Text.RegularExpressions;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// The network inside EDM's preconditioning (spec 4.7), by its official names: DDPM++, whose images are halved and doubled by the filter
/// [1, 1]. The filters in the file are looked at and passed by.
/// </summary>
internal sealed partial class ForeignSongUNet : ForeignGenerator
{
    private const string FilterName = ".resample_filter";

    private readonly SongUNetConfig _config;
    private readonly SongUNet _network;

    public ForeignSongUNet(Device device, ForeignNetworkOptions options, Dictionary<string, WeightTensor> tensors) : base(device)
    {
        Usage.Require(!options.Features, "a songunet has no features; they are of a ViT");
        Usage.Require(options.Heads is null or 1, "a songunet has 1 attention head");
        Usage.Require(options.ImageSize is null, "a songunet has no positions to interpolate: it takes images of the side that its names tell");
        RequireBoxFilters(tensors);
        var own = tensors.Where(item => !IsBoxFilter(item.Key)).ToDictionary(StringComparer.Ordinal);
        _config = Infer(new TensorShapes(own), own.Keys);
        _network = new SongUNet(Store, _config);
        Import(own);
    }

    public override string Description =>
        $"SongUNet: images {_config.Channels}x{_config.ImageSize}x{_config.ImageSize}, width {_config.Width}, channels times {_config.ChannelMultipliers}, "
        + $"{_config.Blocks} blocks a level, {_config.Classes} classes" + (_config.AugmentationWidth > 0 ? ", told of augmentation" : "");

    internal override string Task => "unconditional-image-generation";

    private protected override ImageForm Form => new(_config.Channels, _config.ImageSize, _config.Classes);

    /// <summary>A row of zeros in place of a class is a label too.</summary>
    private protected override int Labels => _config.Classes > 0 ? _config.Classes + 1 : 0;

    private protected override IGenerator Network => _network;

    internal override ForeignDescription Describe() => new(
        new ForeignSizes(_config.Width, _config.Blocks) { ChannelMultipliers = _config.ChannelMultipliers },
        _config.Channels,
        _config.Classes,
        _config.ImageSize);

    /// <summary>On EDM's process the official network gives the negative velocity, on others the noise.</summary>
    private protected override (IGenerator Network, Prediction Prediction) On(VariancePreservingSchedule schedule, string name) =>
        schedule is EdmInputSchedule
            ? (new Preconditioned(_network, (float)schedule.EdmTimeFactor), Prediction.Velocity)
            : (_network, Prediction.Noise);

    private protected override bool IsFilter(Tensor tensor) => tensor.Shape.Rank == 4;

    [GeneratedRegex(@"^enc\.([1-9][0-9]{0,3})x\1_conv\.weight$", RegexOptions.CultureInvariant)]
    private static partial Regex FirstConvolution();

    private static bool IsBoxFilter(string name) => name.EndsWith(FilterName, StringComparison.Ordinal);

    private static void RequireBoxFilters(Dictionary<string, WeightTensor> tensors)
    {
        foreach (var (name, filter) in tensors.Where(item => IsBoxFilter(item.Key)))
        {
            if (!filter.Shape.SequenceEqual([1, 1, 2, 2]) || filter.Values.Any(tap => tap != 0.25f))
            {
                throw new InvalidDataException($"its '{OneLine.Start(name)}' is another filter than [1, 1]: a network as NCSN++, which is not supported");
            }
        }
    }

    private static SongUNetConfig Infer(TensorShapes shapes, IEnumerable<string> names)
    {
        shapes.RequireNone(("_aux_down", "NCSN++"), ("_aux_skip", "NCSN++"), ("_aux_residual", "NCSN++"), ("map_noise.", "NCSN++"));
        var match = names.Select(name => FirstConvolution().Match(name)).FirstOrDefault(match => match.Success)
            ?? throw new InvalidDataException("it has no 'enc.SxS_conv.weight'; if the network is a part of the file, name the part with --key (of EDM's ema.model)");
        var side = int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        var first = shapes.Of(match.Value, 4);
        var (width, channels) = (first[0], first[1]);
        var multipliers = new List<int>();
        for (var level = side; level > 0 && shapes.Has(OfBlock(level, 0)); level /= 2)
        {
            multipliers.Add(Math.Max(1, shapes.Of(OfBlock(level, 0), 4)[0] / width));
        }

        var config = new SongUNetConfig(
            side,
            channels,
            width,
            multipliers.Count > 0 ? multipliers : throw new InvalidDataException($"it has no '{OfBlock(side, 0)}'"),
            Enumerable.Range(0, int.MaxValue).First(i => !shapes.Has(OfBlock(side, i))),
            shapes.Has("map_label.weight") ? shapes.Of("map_label.weight", 2)[1] : 0)
        {
            AugmentationWidth = shapes.Has("map_augment.weight") ? shapes.Of("map_augment.weight", 2)[1] : 0,
        };
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

    private static string OfBlock(int side, int index) => $"enc.{side}x{side}_block{index}.conv0.weight";

    /// <summary>The official network as one of ours: told ln(sigma)/4, and with the sign turned.</summary>
    private sealed class Preconditioned(SongUNet network, float timeFactor) : IGenerator
    {
        public int NullClass => network.NullClass;

        public Tensor Forward(Tape tape, Tensor images, Slice<float> times, Slice<int> labels)
        {
            var told = tape.Scale(Tape.Constant(new TensorShape(images.Shape[0]), times), timeFactor);
            return tape.Scale(network.Forward(tape, images, told.Data, labels), -1);
        }
    }
}
