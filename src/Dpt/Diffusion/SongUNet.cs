using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// The U-Net of DDPM++ as EDM has it (Song et al., ICLR 2021; Karras et al., NeurIPS 2022; spec 4.7): residual blocks of convolutions on
/// images of several sizes, down to the smallest and up again, where each block is given what its partner on the way down left. Names and
/// shapes are the official ones, with filters' channels last (<see cref="Conv2d"/>).
/// </summary>
/// <remarks>
/// The output is what is asked of it: the velocity, if it is trained on EDM's process as <see cref="EdmInputSchedule"/> says, and then the
/// official network gives its negative.
/// </remarks>
public sealed class SongUNet : IRegularisedGenerator
{
    private readonly SongUNetConfig _config;
    private readonly Linear? _label;
    private readonly Linear? _augmentation;
    private readonly Linear _layer0;
    private readonly Linear _layer1;
    private readonly Conv2d _first;
    private readonly (SongUNetBlockShape Shape, SongUNetBlock Block)[] _encoder;
    private readonly (SongUNetBlockShape Shape, SongUNetBlock Block)[] _decoder;
    private readonly GroupNorm _lastNorm;
    private readonly Conv2d _last;

    /// <summary>Registers the parameters in <paramref name="store"/>.</summary>
    /// <exception cref="DptException">Usage: a size does not fit.</exception>
    public SongUNet(ParameterStore store, SongUNetConfig config)
    {
        config.Validate();
        _config = config;
        var root = new ParameterScope(store);
        var (width, embedding, side) = (config.Width, config.EmbeddingWidth, config.ImageSize);
        _label = config.Classes > 0 ? SongUNetBlock.Linear(root["map_label"], config.Classes, width) : null;
        _augmentation = config.AugmentationWidth > 0
            ? new Linear(root["map_augment"], config.AugmentationWidth, width, Initializer.XavierUniform(config.AugmentationWidth, width), bias: null)
            : null;
        _layer0 = SongUNetBlock.Linear(root["map_layer0"], width, embedding);
        _layer1 = SongUNetBlock.Linear(root["map_layer1"], embedding, embedding);
        _first = SongUNetBlock.Convolution(root["enc"][$"{side}x{side}_conv"], config.Channels, width, kernel: 3);
        _encoder = [.. config.Encoder().Select((shape, i) => (shape, new SongUNetBlock(root["enc"][shape.Name], shape, embedding, layer: i)))];
        _decoder = [.. config.Decoder().Select((shape, i) => (shape, new SongUNetBlock(root["dec"][shape.Name], shape, embedding, layer: _encoder.Length + i)))];
        _lastNorm = SongUNetBlock.Norm(root["dec"][$"{side}x{side}_aux_norm"], _decoder[^1].Shape.Outs);
        _last = SongUNetBlock.ClosedConvolution(root["dec"][$"{side}x{side}_aux_conv"], _decoder[^1].Shape.Outs, config.Channels);
    }

    /// <summary>The label that is none: a row of zeros in place of a class.</summary>
    public int NullClass => _config.Classes;

    /// <inheritdoc/>
    public Tensor Forward(Tape tape, Tensor images, Slice<float> times, Slice<int> labels) =>
        Forward(tape, images, Embedding(tape, times, labels, augmentation: null), draw: default);

    /// <inheritdoc/>
    public Tensor ForwardTraining(Tape tape, Tensor images, Slice<float> times, Slice<int> labels, TrainingConditions conditions) =>
        Forward(tape, images, Embedding(tape, times, labels, conditions.Augmentation), conditions.Draw);

    internal static void Require(DiffusionOptions options, ImageForm form) => SongUNetConfig.From(options, form);

    internal static NetworkFootprint Footprint(DiffusionOptions options, ImageForm form)
    {
        const int OfEnds = 4;
        var config = SongUNetConfig.From(options, form);
        var (encoder, decoder) = (config.Encoder().ToArray(), config.Decoder().ToArray());
        SongUNetBlockShape[] blocks = [.. encoder, .. decoder];
        var pixels = (long)form.Side * form.Side;
        var ends = pixels * ((OfEnds * form.Channels) + config.Width + decoder[^1].Outs);
        var results = ends + blocks.Sum(block => block.Result + block.Joined);
        var largest = blocks.Max(block => block.Recorded);

        // Without gradients a block frees all but its result, and the next takes what has its sizes.
        var working = blocks.SelectMany(block => block.Tensors).GroupBy(tensor => tensor.Floats).Sum(same => same.Key * same.Max(tensor => tensor.Count));

        // On the way back, the gradients of what the way down left wait until the way up is done.
        var skips = encoder.Sum(block => block.Result) + (pixels * config.Width);
        return new NetworkFootprint(
            (int)pixels,
            blocks.Max(block => block.Ins),
            config.Recompute ? results : results + blocks.Sum(block => block.Recorded - block.Result),
            skips + (config.Recompute ? 2 * largest : largest),
            results + working);
    }

    private Tensor Forward(Tape tape, Tensor images, Tensor embedding, Slice<int> draw)
    {
        var x = _first.Forward(tape, tape.Transpose(tape.Transpose(images, 1, 2), 2, 3));
        var skips = new Stack<Tensor>([x]);
        foreach (var (_, block) in _encoder)
        {
            x = Run(tape, block, x, embedding, draw);
            skips.Push(x);
        }

        foreach (var (shape, block) in _decoder)
        {
            x = Run(tape, block, shape.TakesSkip ? tape.Concat(axis: 3, x, skips.Pop()) : x, embedding, draw);
        }

        x = _last.Forward(tape, _lastNorm.Forward(tape, x));
        return tape.Transpose(tape.Transpose(x, 2, 3), 1, 2);
    }

    private Tensor Run(Tape tape, SongUNetBlock block, Tensor x, Tensor embedding, Slice<int> draw) =>
        _config.Recompute ? tape.Recompute(() => block.Forward(tape, x, embedding, draw)) : block.Forward(tape, x, embedding, draw);

    /// <summary>What the images are and how noisy: [B, embedding].</summary>
    private Tensor Embedding(Tape tape, Slice<float> times, Slice<int> labels, Tensor? augmentation)
    {
        var x = tape.TimeEmbedding(times, _config.Width, Sinusoids.SineFirst, _config.TimeFactor);
        x = _label is null ? x : tape.Add(x, OfLabels(tape, _label, labels));
        x = _augmentation is null || augmentation is null ? x : _augmentation.Forward(tape, augmentation, residual: x);
        x = tape.Activate(_layer0.Forward(tape, x), Activation.Silu);
        return tape.Activate(_layer1.Forward(tape, x), Activation.Silu);
    }

    /// <summary>
    /// The layer on a row that has sqrt(classes) at the label and 0 elsewhere, or 0 everywhere for the null class: a column of its weight
    /// and its bias, so all of them make a table.
    /// </summary>
    private Tensor OfLabels(Tape tape, Linear layer, Slice<int> labels)
    {
        var rows = _config.Classes + 1;
        var columns = tape.Scale(tape.Pad(layer.Weight, axis: 1, start: 0, rows), MathF.Sqrt(_config.Classes));
        var bias = tape.Expand(tape.Reshape(layer.Bias!, new TensorShape(_config.Width, 1)), axis: 1, rows);
        return tape.Gather(tape.Transpose(tape.Add(columns, bias), 0, 1), labels);
    }
}
