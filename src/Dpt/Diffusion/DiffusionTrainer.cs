using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Trains a generator on images with pseudo-labels (spec 4.4 and 4.5): a time per image, noise, label dropping, mean
/// squared error, AdamW, moving average. Accumulation cuts a batch into micro-batches whose gradients add up to the
/// same gradient. The network's part is captured work on a micro-batch in fixed memory, and its numbers wait in a log.
/// </summary>
internal sealed class DiffusionTrainer : ITrainer, IDisposable
{
    private readonly DiffusionOptions _options;
    private readonly ImageGenerator _generator;
    private readonly ModelState _model;
    private readonly DiffusionBatches _batches;
    private readonly Tape _tape;
    private readonly RepeatedWork _learn;
    private readonly DeviceBuffer<float> _losses;
    private readonly StepLog _log;
    private readonly MetricMeans _metrics = new();

    /// <summary>Prepares training from step 0.</summary>
    /// <param name="generator">The network; its weights are trained.</param>
    /// <param name="options">Budget and rates.</param>
    /// <param name="images">Training images.</param>
    /// <param name="pseudoLabels">A label per image.</param>
    /// <param name="seed">Seed of the stage.</param>
    public DiffusionTrainer(
        ImageGenerator generator, DiffusionOptions options, IExamples images, int[] pseudoLabels, ulong seed)
    {
        Usage.Require(
            options.Accumulation >= 1 && options.Batch % options.Accumulation == 0,
            $"diffusion.accumulation {options.Accumulation} does not divide diffusion.batch {options.Batch}");
        (_options, _generator) = (options, generator);
        var device = generator.Store.Device;
        _batches = new DiffusionBatches(generator, options, images, pseudoLabels, seed);
        _tape = new Tape(device);
        _learn = new RepeatedWork(device, Learn);
        _losses = device.Allocate<float>(_batches.Size);

        // A row of the log: the losses of the batch, then the model's numbers.
        _log = new StepLog(device, options.Batch + ModelState.Numbers, Record);
        _model = new ModelState(
            generator.Store,
            CreateOptimizer(generator.Store, options),
            new MovingAverage(generator.Store, (float)options.AverageDecay),
            options.ClipNorm,
            _log.Row.From(options.Batch),
            _learn.Run);
    }

    public int Step { get; private set; }

    public int TotalSteps => _options.Steps;

    public double RateScale { get; set; } = 1;

    public int ImagesPerStep => _options.Batch;

    /// <summary>The averaged weights.</summary>
    public MovingAverage Average => _model.Average;

    private static IOptimizer CreateOptimizer(ParameterStore store, DiffusionOptions options)
    {
        var adamW = new AdamWConfig(
            (float)options.Beta1, (float)options.Beta2, (float)options.WeightDecay, DecayEverything: true);
        return options.Optimizer switch
        {
            "adamw" => new AdamW(store, adamW),
            "muon" => new Muon(store, new MuonConfig(adamW)),
            var other => throw new DptException(FailureKind.Usage, $"optimizer '{other}' is not known; use adamw or muon"),
        };
    }

    private Slice<float> LossesOfBatch => _log.Row.Range(0, _options.Batch);

    public void RunStep()
    {
        for (var part = 0; part < _options.Accumulation; part++)
        {
            _batches.Draw(((long)Step * _options.Accumulation) + part);
            _learn.Run();
            _tape.Device.Copy(_losses.Slice, LossesOfBatch.Range(part * _batches.Size, _batches.Size));
        }

        _model.Clip(LossesOfBatch);
        _model.Update(RateOf(Step));
        _log.Keep(Step);
        Step++;
    }

    public IReadOnlyList<(string Name, double Value)> TakeMetrics()
    {
        _log.Read();
        return [.. _metrics.Take(), .. _model.TakeSkipped()];
    }

    public TrainingState Capture()
    {
        _log.Read();
        return new TrainingState(Step, [], _model.Capture());
    }

    public void Restore(TrainingState state)
    {
        _model.Restore(state);
        _log.Clear();
        Step = (int)state.Step;
    }

    public void Dispose()
    {
        _learn.Dispose();
        _tape.Dispose();
        _losses.Dispose();
        _batches.Dispose();
        _model.Dispose();
        _log.Dispose();
    }

    private double RateOf(int step) => RateScale * _options.LearningRate * LearningRateSchedule.LinearWarmUp(step, _options.WarmUp);

    /// <summary>Noises the images, predicts and adds the gradient: the same launches every time.</summary>
    private void Learn()
    {
        var losses = _generator.Losses(_tape, _batches.Batch, scale: 1f / _options.Batch, isTraining: true);
        _tape.Device.Copy(losses.Data, _losses.Slice);
        _tape.Backward();
    }

    /// <param name="row">What a step left.</param>
    /// <param name="step">The step, counted from 0.</param>
    private void Record(ReadOnlySpan<float> row, int step)
    {
        var loss = 0.0;
        for (var part = 0; part < _options.Accumulation; part++)
        {
            var sum = 0.0;
            foreach (var value in row.Slice(part * _batches.Size, _batches.Size))
            {
                sum += value;
            }

            loss += sum;
        }

        loss /= _options.Batch;
        if (!double.IsFinite(loss))
        {
            throw NonFinite.InStep(step + 1, "the loss is");
        }

        if (_model.Require(row[_options.Batch..], step + 1) is { } norm)
        {
            _metrics.Add("gradient/norm", norm);
        }

        _metrics.Add("train/loss", loss);
        _metrics.Add("train/learningRate", RateOf(step));
    }
}
