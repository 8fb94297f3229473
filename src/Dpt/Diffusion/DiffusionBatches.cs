using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What one micro-batch of a diffusion model learns from, in memory that every one uses again.</summary>
/// <param name="Clean">Images as the network sees them, [B,C,S,S].</param>
/// <param name="Noise">Standard normal, like the images.</param>
/// <param name="Alpha">Signal scale of each image, [B].</param>
/// <param name="Sigma">Noise scale of each image, [B].</param>
/// <param name="Times">What the network is told as the time of each image, [B].</param>
/// <param name="DataWeights">What the error of each predicted image counts, [B]: <see cref="ImageGenerator.DataWeight"/>.</param>
/// <param name="Labels">Class of each image, or the null class, [B].</param>
/// <param name="Conditions">Under which they are learned from.</param>
internal sealed record DiffusionBatch(
    Tensor Clean, Slice<float> Noise, Slice<float> Alpha, Slice<float> Sigma, Slice<float> Times, Slice<float> DataWeights,
    Slice<int> Labels, TrainingConditions Conditions);

/// <summary>
/// Draws the micro-batches of a diffusion training. Samples are counted over the whole training, so cutting a batch differently
/// changes no draw.
/// </summary>
internal sealed class DiffusionBatches : IDisposable
{
    private readonly ImageGenerator _generator;
    private readonly DiffusionOptions _options;
    private readonly ulong _seed;
    private readonly IExampleBatches _images;
    private readonly int[] _pseudoLabels;
    private readonly BatchSampler _order;
    private readonly int[] _choices;
    private readonly float[] _conditions;
    private readonly DeviceBuffer<int> _deviceChoices;
    private readonly DeviceBuffer<float> _deviceConditions;
    private readonly DeviceBuffer<float> _pixels;
    private readonly ImageAugmentation? _augmentation;

    /// <summary>Prepares for micro-batches of the size that the options ask for.</summary>
    /// <param name="generator">Whose process and device.</param>
    /// <param name="options">Sizes and label dropout.</param>
    /// <param name="images">Training images.</param>
    /// <param name="pseudoLabels">A label per image.</param>
    /// <param name="seed">Seed of the stage.</param>
    public DiffusionBatches(
        ImageGenerator generator, DiffusionOptions options, IExamples images, int[] pseudoLabels, ulong seed)
    {
        (_generator, _options, _seed, _pseudoLabels) = (generator, options, seed, pseudoLabels);
        Size = options.Batch / options.Accumulation;
        var device = generator.Store.Device;
        _images = images.Batches(generator, options.Flip, seed);
        _order = BatchSampler.Shuffled(images.Count, seed, RunStreams.DiffusionDraw);

        // Which images, their labels, and where their random numbers begin; signal, noise, time and weight: two copies tell all of it.
        _choices = new int[(2 * Size) + DrawAddress.Words];
        _conditions = new float[4 * Size];
        _deviceChoices = device.Allocate<int>(_choices.Length);
        _deviceConditions = device.Allocate<float>(_conditions.Length);
        var shape = new TensorShape(Size, generator.Form.Channels, generator.Form.Side, generator.Form.Side);
        _pixels = device.Allocate<float>(2 * shape.Count);
        _augmentation = options.Augment > 0
            ? new ImageAugmentation(device, Size, shape[1], shape[2], options.Augment, seed)
            : null;
        Batch = new DiffusionBatch(
            Tape.Constant(shape, _pixels.Slice.Range(0, shape.Count)),
            _pixels.Slice.From(shape.Count),
            _deviceConditions.Slice.Range(0, Size),
            _deviceConditions.Slice.Range(Size, Size),
            _deviceConditions.Slice.Range(2 * Size, Size),
            _deviceConditions.Slice.From(3 * Size),
            _deviceChoices.Slice.Range(Size, Size),
            new TrainingConditions(
                _deviceChoices.Slice.From(2 * Size),
                _augmentation is null ? null : Tape.Constant(new TensorShape(Size, EdmAugmentation.Labels), _augmentation.Labels)));
    }

    /// <summary>Images of a micro-batch.</summary>
    public int Size { get; }

    /// <summary>The micro-batch: its memory is always the same.</summary>
    public DiffusionBatch Batch { get; }

    /// <summary>Fills a micro-batch, counted over the whole training.</summary>
    public void Draw(long part)
    {
        var firstImage = part * Size;
        var indices = _choices.AsSpan(0, Size);
        _images.Choose(_order, part, indices);
        for (var i = 0; i < Size; i++)
        {
            var sample = firstImage + i;
            var random = new PhiloxStream(_seed, RunStreams.DiffusionTime, sample);
            var time = _generator.Schedule.TrainingTime(ref random);
            var sigma = _generator.Schedule.Sigma(time);
            _conditions[i] = (float)_generator.Schedule.Alpha(time);
            _conditions[Size + i] = (float)sigma;
            _conditions[(2 * Size) + i] = (float)_generator.Schedule.NetworkTime(time);
            _conditions[(3 * Size) + i] = (float)ImageGenerator.DataWeight(sigma);
            var drop = new PhiloxStream(_seed, RunStreams.LabelDropout, sample).NextUniform() < _options.LabelDropout;
            _choices[Size + i] = drop ? _generator.Network.NullClass : _pseudoLabels[indices[i]];
        }

        new DrawAddress(_seed, firstImage).WriteTo(_choices.AsSpan(2 * Size));
        var device = _generator.Store.Device;
        device.CopyIn<int>(_choices, _deviceChoices.Slice);
        device.CopyIn<float>(_conditions, _deviceConditions.Slice);

        // The memory of the noise, which is drawn last, has images that are to be augmented.
        _images.Draw(_augmentation is null ? Batch.Clean.Data : Batch.Noise, _deviceChoices.Slice.Range(0, Size));
        _augmentation?.Draw(firstImage);
        _augmentation?.Apply(Batch.Noise, Batch.Clean.Data);
        device.Run(RandomOperators.Fill, new RandomCall
        {
            Samples = Size,
            Elements = _generator.Form.Elements,
            Distribution = RandomDistribution.Normal,
            Seed = _seed,
            Stream = RunStreams.DiffusionNoise,
            FirstSample = firstImage,
            Output = Batch.Noise,
        });
    }

    public void Dispose()
    {
        _images.Dispose();
        _deviceChoices.Dispose();
        _deviceConditions.Dispose();
        _pixels.Dispose();
        _augmentation?.Dispose();
    }
}
