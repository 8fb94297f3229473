using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>Frozen parameters: which they are, and that optimisers and averages pass them by to the last bit.</summary>
public sealed class FreezeTests
{
    private static readonly string[] _names = ["blocks.1.weight", "blocks.1.bias", "blocks.10.weight", "head.weight", "head.bias"];

    private HostDevice _device = null!;
    private ParameterStore _store = null!;

    [SetUp]
    public void Open()
    {
        _device = new HostDevice(2);
        _store = new ParameterStore(_device);
        foreach (var (name, i) in _names.Select((name, i) => (name, i)))
        {
            _store.Add(name, new TensorShape(5 + (16 * i)), Initializer.Normal(1));
        }

        _store.Initialize(4);
    }

    [TearDown]
    public void Close()
    {
        _store.Dispose();
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory leaked");
        _device.Dispose();
    }

    [TestCase("blocks.1", "blocks.1.weight", "blocks.1.bias")]
    [TestCase("blocks", "blocks.1.weight", "blocks.1.bias", "blocks.10.weight")]
    [TestCase("head.bias", "head.bias")]
    [TestCase("", "blocks.1.weight", "blocks.1.bias", "blocks.10.weight", "head.weight", "head.bias")]
    public void Freeze_OfAPart_TakesTheParametersBelow(string part, params string[] expected)
    {
        _store.Freeze(part);
        Assert.That(_store.Parameters.Where(p => !p.NeedsGradient).Select(p => p.Name), Is.EqualTo(expected));
        Assert.That(_store.Parameters.Where(p => !p.HasGradient).Select(p => p.Name), Is.EqualTo(expected));
        _store.Unfreeze(part);
        Assert.That(_store.Parameters.All(p => p.NeedsGradient && p.HasGradient));
    }

    [TestCase("block")]
    [TestCase("blocks.")]
    [TestCase("Head")]
    public void Freeze_OfNoPart_IsRefused(string part)
    {
        Assert.That(() => _store.Freeze(part), Throws.ArgumentException.With.Message.Contains($"in '{part}'"));
        Assert.That(() => _store.Unfreeze(part), Throws.ArgumentException.With.Message.Contains($"in '{part}'"));
    }

    /// <summary>Otherwise the norm of all gradients would count it, and the parameter would move when it learns again.</summary>
    [Test]
    public void Freeze_DropsTheGradientThatHadArrived()
    {
        Fill(_store.Gradients, 3);
        _store.Freeze("head");
        Assert.That(_device.Download(_store["head.weight"].Gradient), Is.All.Zero);
        Assert.That(_device.Download(_store["blocks.10.weight"].Gradient), Is.All.EqualTo(3));
    }

    [Test]
    public void Freeze_BeforeTheStoreIsInitialised_Holds()
    {
        using var store = new ParameterStore(_device);
        store.Add("a", new TensorShape(2), Initializer.One);
        store.Freeze("a");
        store.Initialize(1);
        using var optimizer = new Sgd(store, new SgdConfig(0, false, 0.5f, DecayEverything: true));
        optimizer.Step(1);
        Assert.That(_device.Download(store["a"].Data), Is.EqualTo(new[] { 1f, 1 }));
    }

    public static IEnumerable<TestCaseData> Parts() =>
        from adam in new[] { true, false }
        from part in new[] { "", "blocks", "blocks.1", "blocks.1.weight", "blocks.10", "head.weight", "head.bias" }
        select new TestCaseData(adam, part).SetArgDisplayNames(adam ? "AdamW" : "Sgd", part.Length == 0 ? "all" : part);

    /// <summary>
    /// Some steps with all, some with a part frozen, some with all again. Frozen parameters keep weights, moments and average;
    /// the others have the bits that they have when nothing is frozen, because every parameter is updated by itself.
    /// </summary>
    [TestCaseSource(nameof(Parts))]
    public void Step_WithFrozenParameters_ChangesTheOthersAlone(bool adam, string part)
    {
        var free = Train(adam, null, out var freeBefore);
        var frozen = Train(adam, part, out var before);
        Assert.That(before, Is.EqualTo(freeBefore));
        foreach (var parameter in _store.Parameters)
        {
            var range = ((int)parameter.Offset)..(int)(parameter.Offset + parameter.Shape.Count);
            var isFrozen = part.Length == 0 || $"{parameter.Name}.".StartsWith($"{part}.");
            for (var buffer = 0; buffer < frozen.Count; buffer++)
            {
                Assert.That(
                    frozen[buffer][range], Is.EqualTo((isFrozen ? before : free)[buffer][range]), $"{parameter.Name}, buffer {buffer}");
                Assert.That(free[buffer][range], Is.Not.EqualTo(before[buffer][range]), "nothing moved, which proves nothing");
            }
        }
    }

    /// <summary>Weights, average and the optimiser's state after some steps; before the part is frozen, and in the end.</summary>
    private List<float[]> Train(bool adam, string? part, out List<float[]> before)
    {
        _store.Initialize(4);
        using IOptimizer optimizer = adam
            ? new AdamW(_store, new AdamWConfig(0.9f, 0.99f, 0.1f, DecayEverything: true))
            : new Sgd(_store, new SgdConfig(0.9f, true, 0.1f, DecayEverything: true));
        using var average = new MovingAverage(_store, 0.5f);
        List<float[]> Buffers() =>
            [.. new[] { _store.Values, average.Values }.Concat(optimizer.State.Select(s => s.Values)).Select(s => _device.Download(s))];
        Step(0.5f);
        Step(-0.25f);
        before = Buffers();
        if (part is not null)
        {
            _store.Freeze(part);
        }

        Step(1);
        Step(1);
        Assert.That(optimizer.Steps, Is.EqualTo(4));
        if (part is not null)
        {
            _store.Unfreeze(part);
        }

        return Buffers();

        void Step(float gradient)
        {
            foreach (var parameter in _store.Parameters.Where(p => p.NeedsGradient))
            {
                Fill(parameter.Gradient, gradient);
            }

            optimizer.Step(0.1f, average: average);
            Assert.That(_device.Download(_store.Gradients), Is.All.Zero);
        }
    }

    /// <summary>What is frozen between two steps is passed by in the second, and learns again in the third.</summary>
    [Test]
    public void Unfreeze_BetweenSteps_LetsTheParameterLearnAgain()
    {
        var weight = _store["head.weight"];
        using var optimizer = new Sgd(_store, new SgdConfig(0, false, 0.5f, DecayEverything: true));
        var before = _device.Download(weight.Data);
        _store.Freeze("head");
        optimizer.Step(0.1f);
        Assert.That(_device.Download(weight.Data), Is.EqualTo(before));
        _store.Unfreeze("head.weight");
        optimizer.Step(0.1f);
        Assert.That(_device.Download(weight.Data), Is.Not.EqualTo(before));
    }

    /// <summary>A step must not allocate, also not to find out what is frozen.</summary>
    [Test]
    public void Step_WithFrozenParameters_AllocatesNothing()
    {
        _store.Freeze("blocks.10");
        using var optimizer = new Sgd(_store, new SgdConfig(0.9f, true, 0.1f, DecayEverything: true));
        optimizer.Step(0.1f);
        optimizer.Step(0.1f);
        var before = GC.GetAllocatedBytesForCurrentThread();
        optimizer.Step(0.1f);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private void Fill(Slice<float> slice, float value)
    {
        var values = new float[slice.Length];
        Array.Fill(values, value);
        _device.CopyIn<float>(values, slice);
    }
}
