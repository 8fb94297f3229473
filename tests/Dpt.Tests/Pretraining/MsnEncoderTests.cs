using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>The network of MSN: its tensors are the official ones, and what is dropped of a view is gone. Values are compared with PyTorch's elsewhere.</summary>
public sealed class MsnEncoderTests
{
    private const int Batch = 4, Side = 8, Patch = 2, Patches = 16;

    private static readonly ClassifierOptions _sizes =
        new() { Network = "vit", PatchSize = Patch, Width = 12, Depth = 2, Heads = 3, MlpRatio = 2 };

    private HostDevice _device = null!;
    private Tape _tape = null!;

    [SetUp]
    public void Open()
    {
        _device = new HostDevice(threads: 1);
        _tape = new Tape(_device);
    }

    [TearDown]
    public void Close()
    {
        _tape.Dispose();
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory");
        _device.Dispose();
    }

    /// <summary>deit_small with the published head: 21,665,664 below it, 2,048 hidden and 256 out (spec 2.1, 2.2).</summary>
    [Test]
    public void Encoder_OfDeitSize_HasThePublishedTensors()
    {
        const int Width = 384, Hidden = 2048, Outs = 256;
        using var store = new ParameterStore(_device);
        var options = new ClassifierOptions { Network = "vit", PatchSize = 16, Width = Width, Depth = 12, Heads = 6, MlpRatio = 4 };
        using var encoder = new MsnEncoder(store, options, new ImageForm(3, 224, 10), smallSide: 96, Hidden, Outs);
        const int Head = (Width * Hidden) + Hidden + (2 * Hidden) + (Hidden * Hidden) + Hidden + (2 * Hidden) + (Hidden * Outs) + Outs;
        Assert.That(store.Count, Is.EqualTo(21_665_664 + Head));
        Assert.That(
            store.Parameters.Skip(150).Select(p => (p.Name, $"{p.Shape}", p.Decays)),
            Is.EqualTo(new[]
            {
                ("fc.fc1.weight", "[2048, 384]", true), ("fc.fc1.bias", "[2048]", false), ("fc.bn1.weight", "[2048]", false), ("fc.bn1.bias", "[2048]", false),
                ("fc.fc2.weight", "[2048, 2048]", true), ("fc.fc2.bias", "[2048]", false), ("fc.bn2.weight", "[2048]", false), ("fc.bn2.bias", "[2048]", false),
                ("fc.fc3.weight", "[256, 2048]", true), ("fc.fc3.bias", "[256]", false),
            }));
        Assert.That(
            store.Buffers.Select(b => b.Name),
            Is.EqualTo(["fc.bn1.running_mean", "fc.bn1.running_var", "fc.bn2.running_mean", "fc.bn2.running_var"]));
    }

    /// <summary>Pixels of a patch that is dropped change nothing, those of one that is kept do; the order in which patches are kept does not matter.</summary>
    [Test]
    public void Patches_ThatAreDropped_SayNothing()
    {
        using var store = new ParameterStore(_device);
        using var encoder = Create(store);
        var usual = Embed(encoder, Images(), 0, 3, 5, 16);
        Assert.That(Embed(encoder, Images(changed: 7), 0, 3, 5, 16), Is.EqualTo(usual), "patch 7 of 16, token 8, is not there");
        Assert.That(Embed(encoder, Images(changed: 4), 0, 3, 5, 16), Is.Not.EqualTo(usual).Within(1e-4), "patch 4, token 5, is");
        Assert.That(Embed(encoder, Images(), 0, 16, 3, 5), Is.EqualTo(usual).Within(1e-4));
        Assert.That(Embed(encoder, Images(), [.. Enumerable.Range(0, 1 + Patches)]), Is.EqualTo(Embed(encoder, Images())).Within(1e-6), "all are kept");
    }

    [Test]
    public void Views_OfNoKnownSize_AreRefused()
    {
        using var store = new ParameterStore(_device);
        using var encoder = Create(store);
        Assert.Throws<ArgumentException>(() => encoder.Forward(_tape, _tape.New(new TensorShape(Batch, 1, 6, 6))));
        var wrong = Assert.Throws<DptException>(() => Create(store, smallSide: 5));
        Assert.That(wrong!.Message, Does.Contain("pretrain"));
    }

    [TestCase(196, 0.15, 166)]
    [TestCase(16, 0, 16)]
    [TestCase(16, 0.25, 12)]
    [TestCase(16, 0.3, 11)]
    [TestCase(1, 0.5, 0)]
    public void KeptTokens_AreTheClassTokenAndAsManyPatchesAsTheReferenceKeeps(int patches, double drop, int expected)
    {
        var tokens = new KeptTokens(patches, drop);
        Assert.That(tokens.Count, Is.EqualTo(1 + expected));
        for (var step = 0; step < 20; step++)
        {
            var kept = tokens.Draw(seed: 3, step).ToArray();
            Assert.That(kept, Has.Length.EqualTo(1 + expected).And.Unique.And.All.InRange(0, patches));
            Assert.That(kept[0], Is.Zero);
        }
    }

    /// <summary>Every patch is kept as often as every other; a step draws the same again, and the next one draws others.</summary>
    [Test]
    public void KeptTokens_AreDrawnEvenly()
    {
        const int Steps = 4000;
        var tokens = new KeptTokens(Patches, drop: 0.25);
        var counts = new int[1 + Patches];
        for (var step = 0; step < Steps; step++)
        {
            Array.ForEach(Draw(9, step), token => counts[token]++);
        }

        // The deviation of a count is 27: five of them.
        Assert.That(counts[0], Is.EqualTo(Steps));
        Assert.That(counts[1..], Is.All.EqualTo(0.75 * Steps).Within(137), string.Join(' ', counts));
        Assert.That(Draw(9, 1), Is.EqualTo(Draw(9, 1)).And.Not.EqualTo(Draw(9, 2)).And.Not.EqualTo(Draw(8, 1)));

        int[] Draw(ulong seed, int step) => tokens.Draw(seed, step).ToArray();
    }

    private static MsnEncoder Create(ParameterStore store, int smallSide = 4)
    {
        var encoder = new MsnEncoder(store, _sizes, new ImageForm(1, Side, 10), smallSide, hidden: 24, outs: 6);
        store.Initialize(seed: 4);
        return encoder;
    }

    private float[] Embed(MsnEncoder encoder, Tensor images, params int[] kept)
    {
        using var tokens = _device.Upload<int>(kept.Length > 0 ? kept : [0]);
        return _device.Download(_tape.WithoutGradient(() => encoder.Forward(_tape, images, kept.Length > 0 ? tokens.Slice : default)).Data);
    }

    /// <summary>Images of waves, with one patch of one of them brighter.</summary>
    private Tensor Images(int changed = -1)
    {
        var values = Enumerable.Range(0, Batch * Side * Side).Select(i => (float)Math.Sin(0.7 * i)).ToArray();
        if (changed >= 0)
        {
            values[(changed / (Side / Patch) * Patch * Side) + (changed % (Side / Patch) * Patch)] += 2;
        }

        var images = _tape.New(new TensorShape(Batch, 1, Side, Side));
        _device.CopyIn<float>(values, images.Data);
        return images;
    }
}
