using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Trains a generator on images with pseudo-labels (spec 4.4 and 4.5): a time per image, noise, label dropping, mean
/// squared error, AdamW, moving average. Accumulation cuts a batch into micro-batches whose gradients add up to the
/// same gradient. What is drawn for a micro-batch lies in fixed buffers; the network's part is captured work on them.
/// </summary>
internal sealed class DiffusionTrainer : ITrainer, IDisposable
{
    private readonly DiffusionOptions _options;
    private readonly ImageGenerator _generator;
    private readonly ModelState _model;
    private readonly DeviceImages _images;
    private readonly int[] _pseudoLabels;
    private readonly ulong _seed;
    private readonly BatchSampler _order;
    private readonly Tape _tape;
    private readonly MetricMeans _metrics = new();
    private readonly int _micro;
    private readonly int[] _indices;
    private readonly int[] _labels;
    private readonly float[] _alpha;
    private readonly float[] _sigma;
    private readonly float[] _times;
    private readonly float[] _losses;
    private readonly DeviceBuffer<int> _deviceLabels;
    private readonly DeviceBuffer<float> _deviceAlpha;
    private readonly DeviceBuffer<float> _deviceSigma;
    private readonly DeviceBuffer<float> _deviceTimes;
    private readonly DeviceBuffer<float> _deviceLosses;
    private readonly DeviceBuffer<float> _clean;
    private readonly DeviceBuffer<float> _noise;
    private readonly RepeatedWork _forwardAndBackward;

    /// <summary>Prepares training from step 0.</summary>
    /// <param name="generator">The network; its weights are trained.</param>
    /// <param name="options">Budget and rates.</param>
    /// <param name="images">Training images; their true labels are never read.</param>
    /// <param name="pseudoLabels">A label per image.</param>
    /// <param name="seed">Seed of the stage.</param>
    public DiffusionTrainer(
        ImageGenerator generator, DiffusionOptions options, ImageDataset images, int[] pseudoLabels, ulong seed)
    {
        if (options.Accumulation < 1 || options.Batch % options.Accumulation != 0)
        {
            throw new DptException(
                FailureKind.Usage,
                $"diffusion.accumulation {options.Accumulation} does not divide diffusion.batch {options.Batch}");
        }

        _options = options;
        _generator = generator;
        _pseudoLabels = pseudoLabels;
        _seed = seed;
        var device = generator.Store.Device;
        var optimizer = new AdamW(
            generator.Store,
            new AdamWConfig(
                (float)options.Beta1, (float)options.Beta2, (float)options.WeightDecay, DecayEverything: true));
        _model = new ModelState(generator.Store, optimizer, options.AverageDecay, options.ClipNorm);
        _images = new DeviceImages(device, images, ImageGenerator.Normalisation(images.Channels));
        _order = BatchSampler.Shuffled(images.Count, seed, RunStreams.DiffusionDraw);
        _tape = new Tape(device);
        _micro = options.Batch / options.Accumulation;
        _indices = new int[_micro];
        _labels = new int[_micro];
        _alpha = new float[_micro];
        _sigma = new float[_micro];
        _times = new float[_micro];
        _losses = new float[_micro];
        _deviceLabels = device.Allocate<int>(_micro);
        _deviceAlpha = device.Allocate<float>(_micro);
        _deviceSigma = device.Allocate<float>(_micro);
        _deviceTimes = device.Allocate<float>(_micro);
        _deviceLosses = device.Allocate<float>(_micro);
        _clean = device.Allocate<float>(_images.ShapeOf(_micro).Count);
        _noise = device.Allocate<float>(_images.ShapeOf(_micro).Count);
        _forwardAndBackward = new RepeatedWork(device, ForwardAndBackward);
    }

    public int Step { get; private set; }

    public int TotalSteps => _options.Steps;

    public int ImagesPerStep => _options.Batch;

    /// <summary>The averaged weights.</summary>
    public MovingAverage Average => _model.Average;

    private int ElementsOfImage => (int)(_clean.Slice.Length / _micro);

    public void RunStep()
    {
        var total = 0.0;
        for (var part = 0; part < _options.Accumulation; part++)
        {
            total += RunPart(((long)Step * _options.Accumulation) + part);
        }

        total /= _options.Batch;
        if (!double.IsFinite(total))
        {
            throw NonFinite.InStep(Step + 1, "the loss is");
        }

        var rate = _options.LearningRate * LearningRateSchedule.LinearWarmUp(Step, _options.WarmUp);
        _metrics.Add("gradient/norm", _model.Update(rate));
        _metrics.Add("train/loss", total);
        _metrics.Add("train/learningRate", rate);
        Step++;
    }

    public IReadOnlyList<(string Name, double Value)> TakeMetrics() => _metrics.Take();

    public TrainingState Capture() => new(Step, [], _model.Capture());

    public void Restore(TrainingState state)
    {
        _model.Restore(state);
        Step = (int)state.Step;
    }

    public void Dispose()
    {
        _forwardAndBackward.Dispose();
        _tape.Dispose();
        _deviceLabels.Dispose();
        _deviceAlpha.Dispose();
        _deviceSigma.Dispose();
        _deviceTimes.Dispose();
        _deviceLosses.Dispose();
        _clean.Dispose();
        _noise.Dispose();
        _images.Dispose();
        _model.Dispose();
    }

    /// <summary>Draws a micro-batch, counted from the start, and adds its gradient; returns the sum of losses.</summary>
    private double RunPart(long part)
    {
        // Samples are counted over the whole training, so cutting a batch differently changes no draw.
        var firstImage = part * _micro;
        _order.Draw(part, _indices);
        DrawConditions(firstImage);
        DrawImages(firstImage);
        _forwardAndBackward.Run();
        _generator.Store.Device.CopyOut(_deviceLosses.Slice, _losses);
        var sum = 0.0;
        foreach (var loss in _losses)
        {
            sum += loss;
        }

        return sum;
    }

    /// <summary>Clean images and noise.</summary>
    private void DrawImages(long firstImage)
    {
        var view = new ImageView(
            _options.Flip ? AugmentPolicy.Weak : AugmentPolicy.None, RunStreams.DiffusionView, _options.Flip, 0);
        _images.Draw(_clean.Slice, _indices, in view, _seed, firstImage);
        _generator.Store.Device.Run(RandomOperators.Fill, new RandomCall
        {
            Samples = _micro,
            Elements = ElementsOfImage,
            Distribution = RandomDistribution.Normal,
            Seed = _seed,
            Stream = RunStreams.DiffusionNoise,
            FirstSample = firstImage,
            Output = _noise.Slice,
        });
    }

    /// <summary>Noises the images, predicts and adds the gradient: the same launches every time.</summary>
    private void ForwardAndBackward()
    {
        var device = _generator.Store.Device;
        var shape = _images.ShapeOf(_micro);
        var noised = _tape.New(shape);
        var velocity = _generator.Prediction == Prediction.Velocity ? _tape.New(shape) : null;
        device.Run(DiffusionOperators.Noising, new NoisingCall
        {
            Batch = _micro,
            Elements = ElementsOfImage,
            Clean = _clean.Slice,
            Noise = _noise.Slice,
            Alpha = _deviceAlpha.Slice,
            Sigma = _deviceSigma.Slice,
            Noised = noised.Data,
            Velocity = velocity?.Data ?? default,
        });
        var predicted = _generator.Network.Forward(_tape, noised, _deviceTimes.Slice, _deviceLabels.Slice);
        var losses = _tape.SquaredError(predicted, velocity?.Data ?? _noise.Slice, scale: 1f / _options.Batch);
        device.Copy(losses.Data, _deviceLosses.Slice);
        _tape.Backward();
    }

    /// <summary>Time and label of each sample of the micro-batch, addressed by the sample's number.</summary>
    private void DrawConditions(long firstImage)
    {
        for (var i = 0; i < _micro; i++)
        {
            var sample = firstImage + i;
            var uniform = new PhiloxStream(_seed, RunStreams.DiffusionTime, sample).NextUniform();
            var time = _generator.Schedule.TrainingTime(uniform);
            _alpha[i] = (float)_generator.Schedule.Alpha(time);
            _sigma[i] = (float)_generator.Schedule.Sigma(time);
            _times[i] = (float)_generator.Schedule.NetworkTime(time);
            var drop = new PhiloxStream(_seed, RunStreams.LabelDropout, sample).NextUniform() < _options.LabelDropout;
            _labels[i] = drop ? _generator.Network.NullClass : _pseudoLabels[_indices[i]];
        }

        var device = _generator.Store.Device;
        device.CopyIn<int>(_labels, _deviceLabels.Slice);
        device.CopyIn<float>(_alpha, _deviceAlpha.Slice);
        device.CopyIn<float>(_sigma, _deviceSigma.Slice);
        device.CopyIn<float>(_times, _deviceTimes.Slice);
    }
}
