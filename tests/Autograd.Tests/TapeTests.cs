using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>Memory, recomputation and accumulation on a transformer block.</summary>
public sealed class TapeTests
{
    private const int Batch = 6, Tokens = 5, Width = 16;

    private HostDevice _device = null!;
    private ParameterStore _store = null!;
    private TransformerBlock[] _blocks = null!;
    private DeviceBuffer<float> _input = null!;
    private DeviceBuffer<float> _target = null!;

    [SetUp]
    public void Open()
    {
        _device = new HostDevice(threads: 2);
        _store = new ParameterStore(_device);
        var config = new TransformerBlockConfig(Width, Heads: 2, MlpRatio: 2, QkvBias: true, 1e-5f, WeightDeviation: 0);
        _blocks = [.. Enumerable.Range(0, 3).Select(i => new TransformerBlock(new ParameterScope(_store)[$"{i}"], config))];
        _store.Initialize(5);
        var random = new PhiloxStream(1, 2, 3);
        _input = _device.Upload<float>([.. Enumerable.Range(0, Batch * Tokens * Width).Select(_ => random.NextNormal())]);
        _target = _device.Upload<float>([.. Enumerable.Range(0, Batch * Tokens * Width).Select(_ => random.NextNormal())]);
    }

    [TearDown]
    public void Close()
    {
        _input.Dispose();
        _target.Dispose();
        _store.Dispose();
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory leaked");
        _device.Dispose();
    }

    [Test]
    public void Blocks_MatchFiniteDifferences() => GradientCheck.Run(_store, tape => Loss(tape, 0, Batch, false));

    [Test]
    public void Recompute_GivesTheSameBitsWithLessMemory()
    {
        var (stored, storedPeak) = GradientOf(recompute: false);
        var (recomputed, recomputedPeak) = GradientOf(recompute: true);
        Assert.Multiple(() =>
        {
            Assert.That(recomputed, Is.EqualTo(stored));
            Assert.That(recomputedPeak, Is.LessThan(storedPeak));
        });
    }

    /// <summary>The loss brings its gradient when the block runs again, though its result has none.</summary>
    [Test]
    public void Recompute_OfABlockThatEndsInALoss_GivesTheSameBits()
    {
        using var tape = new Tape(_device);
        Loss(tape, 0, Batch, recompute: false);
        tape.Backward();
        var stored = _device.Download(_store.Gradients);
        _device.Clear(_store.Gradients);
        tape.Recompute(() => Loss(tape, 0, Batch, recompute: true));
        tape.Backward();
        Assert.That(_device.Download(_store.Gradients), Is.EqualTo(stored));
    }

    [Test]
    public void Recompute_OfABlockThatNeedsNoGradient_RunsOnceAndPassesNothingOn()
    {
        var unused = _store["0.norm1.weight"];
        using var tape = new Tape(_device);
        _store.Freeze("");
        var runs = 0;
        var result = tape.Recompute(() =>
        {
            runs++;
            return Forward(tape, 0, Batch, recompute: false);
        });
        Assert.That(result.NeedsGradient, Is.False);
        tape.SquaredError(result, _target.Slice, 1);
        tape.Backward();
        Assert.That(runs, Is.EqualTo(1));
        Assert.That(_device.Download(unused.Gradient), Is.All.Zero);
    }

    /// <summary>What a block passes through is not its own: it may be a parameter, and nobody frees it.</summary>
    [Test]
    public void Recompute_OfABlockThatReturnsAParameter_BringsItsGradient()
    {
        var weight = _store["0.norm1.weight"];
        using var tape = new Tape(_device);
        using var target = _device.Upload<float>(new float[Width]);
        tape.SquaredError(tape.Recompute(() => weight), target.Slice, scale: 1);
        tape.Backward();
        Assert.That(_device.Download(weight.Gradient), Is.All.EqualTo(2));
    }

    [Test]
    public void Accumulation_OfTwoHalves_EqualsTheWholeBatch()
    {
        var (whole, _) = GradientOf(recompute: false);
        using var tape = new Tape(_device);
        for (var half = 0; half < 2; half++)
        {
            Loss(tape, half * Batch / 2, Batch / 2, recompute: false);
            tape.Backward();
        }

        Assert.That(_device.Download(_store.Gradients), Is.EqualTo(whole).Within(1e-5));
    }

    [Test]
    public void Step_InSteadyState_AsksTheSystemForNoMemory()
    {
        using var tape = new Tape(_device);
        using var optimizer = new AdamW(_store, new AdamWConfig(0.9f, 0.99f, 0.01f, DecayEverything: true));
        void Step()
        {
            Loss(tape, 0, Batch, recompute: false);
            tape.Backward();
            optimizer.Step(1e-3f);
        }

        Step();
        Step();
        var before = _device.Memory.SystemAllocations;
        var live = _device.Memory.LiveBlocks;
        var collections = GC.CollectionCount(0);
        for (var i = 0; i < 50; i++)
        {
            Step();
        }

        Assert.Multiple(() =>
        {
            Assert.That(_device.Memory.SystemAllocations, Is.EqualTo(before));
            Assert.That(_device.Memory.LiveBlocks, Is.EqualTo(live));
            Assert.That(GC.CollectionCount(0) - collections, Is.LessThan(50), "a step must not cost a collection");
        });
    }

    [Test]
    public void WithoutGradient_KeepsOnlyTheResult()
    {
        using var tape = new Tape(_device);
        var before = _device.Memory.LiveBlocks;
        var result = tape.WithoutGradient(() => Forward(tape, 0, Batch, recompute: false));
        Assert.Multiple(() =>
        {
            Assert.That(_device.Memory.LiveBlocks, Is.EqualTo(before + 1));
            Assert.That(result.NeedsGradient, Is.False);
        });
        tape.Reset();
        Assert.That(_device.Memory.LiveBlocks, Is.EqualTo(before));
    }

    /// <summary>A pass without gradients holds one block's memory at a time, and gives the bits of one that records.</summary>
    [Test]
    public void WithoutGradient_ABlockKeepsItsResultAlone()
    {
        using var tape = new Tape(_device);
        var recorded = _device.Download(Forward(tape, 0, Batch, recompute: false).Data);
        tape.Reset();
        var before = _device.Memory.LiveBlocks;
        var result = tape.WithoutGradient(() =>
        {
            var last = Forward(tape, 0, Batch, recompute: false);
            Assert.That(_device.Memory.LiveBlocks, Is.EqualTo(before + _blocks.Length));
            return last;
        });
        Assert.That(_device.Download(result.Data), Is.EqualTo(recorded));
    }

    [Test]
    public void AnyThreadCount_GivesTheSameGradientBits()
    {
        float[]? expected = null;
        foreach (var threads in new[] { 1, 2, 7 })
        {
            using var device = new HostDevice(threads);
            using var store = new ParameterStore(device);
            var config = new TransformerBlockConfig(Width, 2, 2, QkvBias: true, 1e-5f, 0);
            var block = new TransformerBlock(new ParameterScope(store), config);
            store.Initialize(8);
            using var input = device.Upload<float>(_device.Download(_input.Slice));
            using var target = device.Upload<float>(_device.Download(_target.Slice));
            using var tape = new Tape(device);
            var output = block.Forward(tape, Tape.Constant(new TensorShape(Batch, Tokens, Width), input.Slice));
            tape.SquaredError(output, target.Slice, 1);
            tape.Backward();
            var gradient = device.Download(store.Gradients);
            expected ??= gradient;
            Assert.That(gradient, Is.EqualTo(expected), $"{threads} threads");
        }
    }

    private (float[] Gradient, long Peak) GradientOf(bool recompute)
    {
        using var tape = new Tape(_device);
        _device.Clear(_store.Gradients);
        var before = _device.Memory.LiveBytes;
        Loss(tape, 0, Batch, recompute);
        var held = _device.Memory.LiveBytes - before;
        tape.Backward();
        var gradient = _device.Download(_store.Gradients);
        _device.Clear(_store.Gradients);
        return (gradient, held);
    }

    private Tensor Loss(Tape tape, int first, int count, bool recompute)
    {
        var range = (long)Tokens * Width;
        return tape.SquaredError(
            Forward(tape, first, count, recompute), _target.Slice.Range(first * range, count * range), scale: 1);
    }

    private Tensor Forward(Tape tape, int first, int count, bool recompute)
    {
        var range = (long)Tokens * Width;
        var shape = new TensorShape(count, Tokens, Width);
        var x = Tape.Constant(shape, _input.Slice.Range(first * range, count * range));
        foreach (var block in _blocks)
        {
            var input = x;
            x = recompute ? tape.Recompute(() => block.Forward(tape, input)) : block.Forward(tape, input);
        }

        return x;
    }
}
