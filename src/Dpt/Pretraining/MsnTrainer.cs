using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Trains a ViT without labels, as masked siamese networks (spec 2.2): what the moving average of the network makes of one view of an image,
/// the network is to make of others of which patches are missing or which show a part. What the networks do with a batch is captured
/// work, and its numbers wait in a log.
/// </summary>
/// <remarks>
/// The target's batch norm has the statistics of its own batch. The running ones follow both networks; they go away with the head.
/// </remarks>
internal sealed class MsnTrainer : ITrainer, IDisposable
{
    private const string PrototypeFiles = "prototypes-";
    private const string CrossEntropy = "msn/crossEntropy";
    private const string Used = "msn/prototypesUsed";

    private readonly MsnOptions _options;
    private readonly ulong _seed;
    private readonly MsnSchedule _schedule;
    private readonly ParameterStore _prototypeStore;
    private readonly Parameter _prototypes;
    private readonly AdamW _adamW;
    private readonly ModelState _model;
    private readonly ModelState _prototypeModel;
    private readonly MsnViews _views;
    private readonly KeptTokens _tokens;
    private readonly DeviceBuffer<int> _kept;
    private readonly DeviceBuffer<float> _targets;
    private readonly Tape _tape;
    private readonly RepeatedWork _learn;
    private readonly StepLog _log;
    private readonly MetricMeans _metrics = new();

    /// <summary>Prepares training from step 0.</summary>
    /// <param name="device">Where.</param>
    /// <param name="options">Sizes, budget and rates.</param>
    /// <param name="images">Their labels are never read.</param>
    /// <param name="normalisation">Of their pixels.</param>
    /// <param name="seed">Seed of the training.</param>
    /// <exception cref="DptException">Usage: the sizes do not fit the images.</exception>
    public MsnTrainer(Device device, MsnOptions options, ImageDataset images, NormalisationStatistics normalisation, ulong seed)
    {
        Usage.Require(images.ImageSize % 2 == 0, $"images of {images.ImageSize} pixels have no small views of half the side");
        (_options, _seed) = (options, seed);
        var (rate, patches) = (options.LearningRate, images.ImageSize / options.Network.PatchSize);
        _schedule = new MsnSchedule(options.Steps, options.WarmUp) 
        {
            Rates = (rate / 5, rate, rate / 1000), Momentum = options.Momentum,
        };
        Store = new ParameterStore(device);
        Encoder = new MsnEncoder(
            Store, options.Network, images.Form, images.ImageSize / 2, options.HiddenWidth, options.EmbeddingWidth);
        Store.Initialize(seed);
        _prototypeStore = new ParameterStore(device);
        _prototypes = _prototypeStore.Add(
            "prototypes", new TensorShape(options.Prototypes, options.EmbeddingWidth), Initializer.FanIn(options.EmbeddingWidth));

        // The class token is the first parameter of its store too, and is not to be drawn from the same numbers.
        _prototypeStore.Initialize(~seed);
        _views = new MsnViews(device, images, normalisation, options.Views, seed);
        _tokens = new KeptTokens(patches * patches, options.PatchDrop);
        _kept = device.Allocate<int>(_tokens.Count);
        _targets = device.Allocate<float>((long)options.Views.Images * options.Prototypes);
        _tape = new Tape(device);
        _learn = new RepeatedWork(device, Learn);
        _log = new StepLog(device, PrototypesAt + ModelState.Numbers, Record);
        _adamW = new AdamW(Store, new AdamWConfig(0.9f, 0.999f, (float)_schedule.Decays.Start, DecayEverything: false));
        _model = new ModelState(
            Store,
            _adamW,
            new MovingAverage(Store, updates => (float)_schedule.MomentumOf(updates)),
            options.ClipNorm,
            _log.Row.Range(ModelAt, ModelState.Numbers),
            _learn.Run);
        _prototypeModel = new ModelState(
            _prototypeStore,
            new AdamW(_prototypeStore, new AdamWConfig(0.9f, 0.999f, WeightDecay: 0, DecayEverything: false)),
            new MovingAverage(_prototypeStore, decay: 0),
            clipNorm: 0,
            _log.Row.From(PrototypesAt),
            _learn.Run);
    }

    /// <summary>The network.</summary>
    public MsnEncoder Encoder { get; }

    /// <summary>Its weights.</summary>
    public ParameterStore Store { get; }

    /// <summary>The target: the moving average of the weights, which is what the training is for.</summary>
    public MovingAverage Average => _model.Average;

    /// <summary>What the numbers that were last taken say against the training, in one line; null if nothing, or nothing yet.</summary>
    public string? Collapse { get; private set; }

    public int Step { get; private set; }

    public int TotalSteps => _options.Steps;

    public double RateScale { get; set; } = 1;

    public int ImagesPerStep => _options.Views.Images;

    private int Anchors => (1 + _options.Views.SmallViews) * ImagesPerStep;

    // A row of the log: cross-entropy of the anchors, gap, entropy of the anchors, largest shares, prototypes in use, numbers of both models.
    private int EntropyAt => Anchors + 1;

    private int LargestAt => EntropyAt + Anchors;

    private int UsedAt => LargestAt + ImagesPerStep;

    private int ModelAt => UsedAt + 1;

    private int PrototypesAt => ModelAt + ModelState.Numbers;

    public void RunStep()
    {
        _views.Draw(Step);
        Store.Device.CopyIn(_tokens.Draw(_seed, Step), _kept.Slice);
        _learn.Run();
        var rate = RateScale * _schedule.RateOf(Step);
        _adamW.WeightDecay = (float)_schedule.DecayOf(Step);
        _model.Update(rate);
        _prototypeModel.Update(rate);
        _log.Keep(Step);
        Step++;
    }

    public IReadOnlyList<(string Name, double Value)> TakeMetrics()
    {
        _log.Read();
        var means = _metrics.Take();
        Collapse = means.Count == 0 ? null : CollapseSign.Of(_options, Step, MeanOf(CrossEntropy), MeanOf(Used));
        return [.. means, .. _model.TakeSkipped()];

        double MeanOf(string name) => means.First(metric => metric.Name == name).Value;
    }

    public TrainingState Capture()
    {
        _log.Read();
        var tensors = _model.Capture();
        foreach (var (name, values) in _prototypeModel.Capture())
        {
            tensors.Add(PrototypeFiles + name, values);
        }

        return new TrainingState(Step, [], tensors);
    }

    public void Restore(TrainingState state)
    {
        var prototypes = state with
        {
            Tensors = state.Tensors.Where(file => file.Key.StartsWith(PrototypeFiles, StringComparison.Ordinal))
                .ToDictionary(file => file.Key[PrototypeFiles.Length..], file => file.Value),
        };
        _prototypeModel.RequireFit(prototypes);
        _model.Restore(state);
        _prototypeModel.Restore(prototypes);
        _log.Clear();
        Step = (int)state.Step;
    }

    public void Dispose()
    {
        _learn.Dispose();
        _tape.Dispose();
        _views.Dispose();
        _kept.Dispose();
        _targets.Dispose();
        _model.Dispose();
        _prototypeModel.Dispose();
        _prototypeStore.Dispose();
        Encoder.Dispose();
        Store.Dispose();
        _log.Dispose();
    }

    /// <summary>Loss and gradient of the batch: the same launches in every step.</summary>
    private void Learn()
    {
        FindTargets();
        var targets = Tape.Constant(new TensorShape(ImagesPerStep, _options.Prototypes), _targets.Slice);
        var anchors = _tape.Concat(
            0, Encoder.Forward(_tape, _views.Masked, _kept.Slice), Encoder.Forward(_tape, _views.Small(_tape)));
        var losses = MsnLoss.Minimize(_tape, anchors, _prototypes, targets, _options.Loss);
        Log(losses.CrossEntropy, at: 0);
        Log(losses.MeanEntropyGap, Anchors);
        Log(losses.Entropy, EntropyAt);
        _tape.Backward();
        var minimised = _log.Row.Range(0, EntropyAt);
        _model.Clip(minimised);
        _prototypeModel.Clip(minimised);
    }

    /// <summary>Ends with the tape: what it knows of the network's weights is of the average.</summary>
    private void FindTargets()
    {
        using var average = Average.Use();
        var embeddings = _tape.WithoutGradient(() => Encoder.Forward(_tape, _views.Target));
        var targets = MsnLoss.Targets(_tape, embeddings, _prototypes, _options.Loss);
        _tape.Device.Copy(targets.Data, _targets.Slice);
        var use = TargetUse.Of(_tape, targets);
        Log(use.Largest, LargestAt);
        Log(use.Used, UsedAt);
        _tape.Reset();
    }

    private void Log(Tensor numbers, int at) =>
        _tape.Device.Copy(numbers.Data, _log.Row.Range(at, numbers.Shape.Count));

    private void Record(ReadOnlySpan<float> row, int step)
    {
        var (crossEntropy, gap) = (Mean(row[..Anchors]), row[Anchors]);
        var loss = crossEntropy + (_options.Loss.MeanEntropyWeight * gap);
        if (!double.IsFinite(loss))
        {
            throw NonFinite.InStep(step + 1, "the loss is");
        }

        _metrics.Add("train/loss", loss);
        _metrics.Add(CrossEntropy, crossEntropy);
        _metrics.Add("msn/meanEntropyGap", gap);
        _metrics.Add("msn/entropy", Mean(row.Slice(EntropyAt, Anchors)));
        _metrics.Add("msn/largestTarget", Mean(row.Slice(LargestAt, ImagesPerStep)));
        _metrics.Add(Used, row[UsedAt]);
        if (_model.Require(row.Slice(ModelAt, ModelState.Numbers), step + 1) is { } norm)
        {
            _metrics.Add("gradient/norm", norm);
        }

        _ = _prototypeModel.Require(row[PrototypesAt..], step + 1);
        _metrics.Add("train/learningRate", RateScale * _schedule.RateOf(step));
    }

    private static double Mean(ReadOnlySpan<float> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += value;
        }

        return sum / values.Length;
    }
}
