using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>What batch norm keeps beside its weights: who moves it, who does not, and where it goes with the weights.</summary>
public sealed class BatchNormTests
{
    private static readonly float[] Batch = [0, 10, 1, 10, 2, 10, 3, 14];

    private HostDevice _device = null!;
    private ParameterStore _store = null!;
    private BatchNorm _norm = null!;
    private Tape _tape = null!;
    private DeviceBuffer<float> _batch = null!;

    [SetUp]
    public void Open()
    {
        _device = new HostDevice(1);
        _store = new ParameterStore(_device);
        _norm = new BatchNorm(new ParameterScope(_store)["bn1"], channels: 2, new BatchNormConfig(Momentum: 0.25f, Epsilon: 0, NegativeSlope: 0.5f));
        _store.Initialize(1);
        _tape = new Tape(_device);
        _batch = _device.Upload<float>(Batch);
    }

    [TearDown]
    public void Close()
    {
        _batch.Dispose();
        _tape.Dispose();
        _store.Dispose();
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory leaked");
        _device.Dispose();
    }

    [Test]
    public void Module_RegistersTheNamesOfPyTorch_WithTheirStarts()
    {
        var state = _store.Export(_store.Values);
        Assert.Multiple(() =>
        {
            Assert.That(state.Keys, Is.EqualTo(new[] { "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var" }));
            Assert.That(state["bn1.weight"].Values, Is.All.EqualTo(1));
            Assert.That(state["bn1.bias"].Values, Is.All.Zero);
            Assert.That(state["bn1.running_mean"].Values, Is.All.Zero);
            Assert.That(state["bn1.running_var"].Values, Is.All.EqualTo(1));
            Assert.That(_store.Count, Is.EqualTo(4), "buffers are not learned");
            Assert.That(_store.Parameters.Where(p => p.Decays), Is.Empty);
        });
    }

    /// <summary>Means 3/2 and 11, unbiased variances 5/3 and 4; in training the batch's own statistics count, in evaluation running ones.</summary>
    [Test]
    public void Running_MoveInTraining_AndServeInEvaluation()
    {
        var trained = Forward(isTraining: true);
        Assert.That(trained[0], Is.EqualTo(0.5 * -1.5 / Math.Sqrt(1.25)).Within(1e-6), "the batch's, below 0 half of it");
        Assert.That(trained[7], Is.EqualTo(3 / Math.Sqrt(3)).Within(1e-6));
        Assert.That(Running().Mean, Is.EqualTo(new[] { 0.375f, 2.75f }));
        Assert.That(Running().Variance, Is.EqualTo(new[] { 0.75 + (5 / 12.0), 1.75 }).Within(1e-6));

        var before = Running();
        var used = Forward(isTraining: false);
        Assert.That(used[0], Is.EqualTo(0.5 * -0.375 / Math.Sqrt(0.75 + (5 / 12.0))).Within(1e-6));
        Assert.That(used[7], Is.EqualTo((14 - 2.75) / Math.Sqrt(1.75)).Within(1e-5));
        Assert.That(Running().Mean, Is.EqualTo(before.Mean));
        Assert.That(Running().Variance, Is.EqualTo(before.Variance));
    }

    [Test]
    public void Running_MoveWhereNothingIsRecorded_AndOnceWhereABlockIsComputedAgain()
    {
        _tape.WithoutGradient(() => Normalised(isTraining: true));
        Assert.That(Running().Mean[0], Is.EqualTo(0.375f));
        var y = _tape.Recompute(() => Normalised(isTraining: true));
        _tape.SquaredError(y, _batch.Slice, scale: 1);
        _tape.Backward();
        Assert.That(Running().Mean[0], Is.EqualTo((0.75f * 0.375f) + 0.375f));
        Forward(isTraining: true);
        Assert.That(Running().Mean[0], Is.EqualTo((0.75f * ((0.75f * 0.375f) + 0.375f)) + 0.375f), "and again in the next pass");
    }

    /// <summary>Without normalising they move as in a pass of training, and stay where a block is computed again.</summary>
    [Test]
    public void Following_MovesThemAsTrainingDoes()
    {
        Forward(isTraining: true);
        var trained = Running();
        _store.Initialize(1);
        var live = _device.Memory.LiveBlocks;
        _norm.Follow(_tape, Input());
        Assert.That(_device.Memory.LiveBlocks, Is.EqualTo(live), "nothing is kept for a gradient");
        Assert.That(Running(), Is.EqualTo(trained).Using<float[]>((a, b) => a.SequenceEqual(b)));

        _store.Initialize(1);
        var y = _tape.Recompute(() =>
        {
            _norm.Follow(_tape, Input());
            return Normalised(isTraining: false);
        });
        _tape.SquaredError(y, _batch.Slice, scale: 1);
        _tape.Backward();
        Assert.That(Running(), Is.EqualTo(trained).Using<float[]>((a, b) => a.SequenceEqual(b)));
        Assert.That(
            () => _norm.Follow(_tape, Tape.Constant(new TensorShape(1, 2), _batch.Slice.Range(0, 2))), Throws.ArgumentException.With.Message.Contains("one row"));
    }

    /// <summary>Optimiser, decay and average pass them by; an average of the weights runs, and is saved, with the buffers as they are.</summary>
    [Test]
    public void Optimiser_LearnsTheWeightsAlone_AndTheAverageRunsWithTheBuffersAsTheyAre()
    {
        using var optimizer = new Sgd(_store, new SgdConfig(Momentum: 0.9f, Nesterov: true, WeightDecay: 0.5f, DecayEverything: true));
        using var average = new MovingAverage(_store, 0.999f);
        for (var step = 0; step < 3; step++)
        {
            _tape.SquaredError(Normalised(isTraining: true), _batch.Slice, scale: 1);
            _tape.Backward();
            var before = Running();
            optimizer.Step(0.1f, average: average);
            Assert.That(Running(), Is.EqualTo(before).Using<float[]>((a, b) => a.SequenceEqual(b)));
        }

        var (live, averaged) = (_store.Export(_store.Values), _store.Export(average.Values));
        Assert.That(averaged["bn1.weight"].Values, Is.Not.EqualTo(live["bn1.weight"].Values));
        Assert.That(averaged["bn1.running_mean"].Values, Is.EqualTo(live["bn1.running_mean"].Values).And.EqualTo(Running().Mean));
        float[] used;
        using (average.Use())
        {
            used = Forward(isTraining: false);
        }

        average.Adopt();
        Assert.That(Running().Variance, Is.EqualTo(live["bn1.running_var"].Values));
        Assert.That(Forward(isTraining: false), Is.EqualTo(used));
    }

    [Test]
    public void State_TakesTheBuffersWithTheWeights_AndMomentsGoWithoutThem()
    {
        Forward(isTraining: true);
        var state = _store.Export(_store.Values);
        Assert.That(_store.Export(_store.Gradients, withBuffers: false).Keys, Is.EqualTo(new[] { "bn1.weight", "bn1.bias" }));
        var expected = Forward(isTraining: false);
        _store.Initialize(2);
        Assert.That(Running().Mean, Is.All.Zero, "as at the start");
        _store.Import(_store.Values, state);
        Assert.That(Forward(isTraining: false), Is.EqualTo(expected));

        var kept = Running();
        var moments = state.Where(tensor => !tensor.Key.Contains("running", StringComparison.Ordinal)).ToDictionary();
        Forward(isTraining: true);
        var moved = Running();
        _store.Import(_store.Gradients, moments, withBuffers: false);
        Assert.That(Running().Mean, Is.EqualTo(moved.Mean).And.Not.EqualTo(kept.Mean));
        Assert.That(
            () => _store.Import(_store.Values, moments),
            Throws.ArgumentException.With.Message.Contains("'bn1.running_mean' is missing; 'bn1.running_var' is missing"));
        Assert.That(
            () => _store.RequireFit(state, withBuffers: false), Throws.ArgumentException.With.Message.Contains("'bn1.running_mean' is unknown"));
    }

    [Test]
    public void Buffers_ThatDoNotFit_AreRefused()
    {
        using var store = new ParameterStore(_device);
        store.AddBuffer("a", new TensorShape(3), 0);
        Assert.Multiple(() =>
        {
            Assert.That(() => store.AddBuffer("a", new TensorShape(3), 0), Throws.ArgumentException.With.Message.Contains("'a'"));
            Assert.That(() => store.Add("a", new TensorShape(3), Initializer.One), Throws.ArgumentException.With.Message.Contains("'a'"));
            Assert.That(() => _store.AddBuffer("late", new TensorShape(3), 0), Throws.InvalidOperationException.With.Message.Contains("'late'"));
            Assert.That(() => store.Buffers[0].Data, Throws.InvalidOperationException.With.Message.Contains("not initialised"));
            Assert.That(() => new GroupNorm(new ParameterScope(store), 6, 4, 1), Throws.ArgumentException.With.Message.Contains("4 groups"));
        });
        var other = Tape.Constant(new TensorShape(3), _batch.Slice.Range(0, 3));
        Assert.That(
            () => _tape.BatchNormFixed(Input(), _norm.Weight, _norm.Bias, new RunningStatistics(other, other, 0), 1),
            Throws.ArgumentException.With.Message.Contains("'running'"));
        Assert.That(
            () => _norm.Forward(_tape, Tape.Constant(new TensorShape(1, 2), _batch.Slice.Range(0, 2)), isTraining: true),
            Throws.ArgumentException.With.Message.Contains("one row"));
    }

    /// <summary>The border of a grid is no pixel: it does not count.</summary>
    [Test]
    public void BatchNorm_OfAGridsPixels_LeavesItsBorderOut()
    {
        var grid = new PixelGrid(Batch: 1, Side: 2);
        var pixels = Tape.Constant(new TensorShape(1, 4, 2), _batch.Slice);
        var rows = _tape.FromPatches(pixels, grid);
        var y = _tape.FromPatches(_norm.Forward(_tape, _tape.ToPatches(rows, grid), isTraining: true), grid);
        var expected = Forward(isTraining: true);
        Assert.That(_device.Download(_tape.ToPatches(y, grid).Data), Is.EqualTo(expected));
    }

    [Test]
    public void GroupNorm_HasItsGroupsAndActivation()
    {
        using var store = new ParameterStore(_device);
        var norm = new GroupNorm(new ParameterScope(store), channels: 2, groups: 2, epsilon: 0, Activation.Silu);
        var whole = new GroupNorm(new ParameterScope(store)["whole"], channels: 2, groups: 1, epsilon: 0);
        store.Initialize(1);
        var x = Tape.Constant(new TensorShape(1, 4, 2), _batch.Slice);
        var normal = -1.5 / Math.Sqrt(1.25);
        Assert.That(_device.Download(norm.Forward(_tape, x).Data)[0], Is.EqualTo(normal / (1 + Math.Exp(-normal))).Within(1e-6));
        var (mean, square) = (Batch.Average(v => (double)v), Batch.Average(v => (double)v * v));
        Assert.That(
            _device.Download(whole.Forward(_tape, x).Data)[0], Is.EqualTo((Batch[0] - mean) / Math.Sqrt(square - (mean * mean))).Within(1e-6));
    }

    private Tensor Input() => Tape.Constant(new TensorShape(4, 2), _batch.Slice);

    private Tensor Normalised(bool isTraining) => _norm.Forward(_tape, Input(), isTraining);

    private float[] Forward(bool isTraining) => _device.Download(_tape.WithoutGradient(() => Normalised(isTraining)).Data);

    private (float[] Mean, float[] Variance) Running() =>
        (_device.Download(_norm.RunningMean.Data), _device.Download(_norm.RunningVariance.Data));
}
