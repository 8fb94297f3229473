using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Features of a vision transformer of ours: what PyTorch has for the class token before the final norm.</summary>
public sealed class TransformerFeaturesTests
{
    private static readonly ForeignNetworkOptions Vit = new(WeightFiles.PathOf("vit.pth.tar"), "model", "vit", Heads: 3);

    private HostDevice _device = null!;
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => (_device, _folder) = (new HostDevice(threads: 2), new TemporaryFolder());

    [TearDown]
    public void TearDown()
    {
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory");
        _device.Dispose();
        _folder.Dispose();
    }

    /// <summary>Trap 27, with a head in the folder and without: the same numbers as the network gives for scaled images, in several batches.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public void Features_AreTheClassTokenBeforeTheNorm(bool withoutHead)
    {
        Import(Vit with { Features = withoutHead });
        using var network = ForeignNetwork.Open(_device, Vit with { Features = true });
        var (channels, side) = (network.Describe().Channels, network.Describe().ImageSize!.Value);
        var images = Images(channels, side, 21);
        using var features = FrozenNetwork.Open(Recipe(), images.Form, _device);
        var expected = network.Forward(new NetworkInput(
            new NpyArray<float>([21, channels, side, side], [.. images.Pixels.Select(p => (p - 127.5f) / 127.5f)])));
        Assert.That(features.Width, Is.EqualTo(expected.Shape[1]));
        Assert.That(features.Features(images, default), Is.EqualTo(expected.Values).Within(1e-5));
        Assert.That(features.Features(images, default).Distinct().Count(), Is.GreaterThan(21));
        Assert.That(features.Probabilities(images, default), Is.Null);
        Assert.That(
            features.Name,
            Is.EqualTo($"vit ({FileHash.Of(_folder["vit/model.safetensors"])[..8]}), 3 heads, class token before the final norm: {features.Width} numbers of {side} x {side} pixels, signed"));
    }

    /// <summary>Runs of both precisions share what is kept of features, so it is of floats in both; what the run computes itself is not.</summary>
    [Test]
    public void Features_OfARunInBf16_AreOfFloats()
    {
        Import(Vit);
        var images = Images(channels: 3, side: 8, count: 5);
        using var features = FrozenNetwork.Open(Recipe(), images.Form, _device);
        using var network = ForeignNetwork.Open(_device, Vit with { Features = true });
        var (expected, ofNetwork) = (features.Features(images, default), Forward());
        _device.Precision = Precision.Bf16;
        Assert.That(features.Features(images, default), Is.EqualTo(expected));
        Assert.That(_device.Precision, Is.EqualTo(Precision.Bf16));
        Assert.That(Forward(), Is.Not.EqualTo(ofNetwork).Within(1e-5), "rounding shows, or the test says little");

        float[] Forward() => network.Forward(new NetworkInput(new NpyArray<float>([1, 3, 8, 8], [.. Enumerable.Range(0, 192).Select(i => MathF.Sin(i))]))).Values;
    }

    /// <summary>Heads are the one size that no file of weights tells: the same file in the same place, with others, has other features.</summary>
    [Test]
    public void Cache_OfOtherHeads_IsNotTaken()
    {
        Import(Vit);
        var images = Images(channels: 1, side: 8, count: 2);
        var first = Cached();
        Directory.Delete(_folder["vit"], recursive: true);
        Import(Vit with { Heads = 1 });
        using var network = FrozenNetwork.Open(Recipe(), images.Form, _device);
        var expected = network.Features(images, default);
        Assert.That(expected, Is.Not.EqualTo(first));
        Assert.That(Cached(), Is.EqualTo(expected));

        float[] Cached()
        {
            using var features = FrozenNetwork.Open(Recipe(), images.Form, _device);
            return new CachedFeatures(features, _folder["cache"], new SilentObserver()).Features(images, default);
        }
    }

    [Test]
    public void Images_AreResized()
    {
        Import(Vit);
        using var network = ForeignNetwork.Open(_device, Vit);
        var side = network.Describe().ImageSize!.Value;
        var images = Images(network.Describe().Channels, side + 3, 4);
        using var features = FrozenNetwork.Open(Recipe(), images.Form, _device);
        Assert.That(
            features.Features(images, default), Is.EqualTo(features.Features(ImageResizer.Resize(images, side), default)));
    }

    [Test]
    public void WhatDoesNotFit_IsRefused()
    {
        Import(Vit);
        using var network = ForeignNetwork.Open(_device, Vit);
        var (channels, side) = (network.Describe().Channels, network.Describe().ImageSize!.Value);
        Fails(FailureKind.Usage, Recipe() with { Side = side + 1 }, $"takes images of {side} x {side} pixels, {side + 1} are asked for");
        Fails(FailureKind.Usage, Recipe() with { Output = "y" }, "has one output");
        Fails(FailureKind.Usage, Recipe() with { Scale = "other" }, "unknown scale of pixels 'other'");
        Fails(FailureKind.Environment, new FeatureRecipe(_folder.Path), "config.json");
        using (var uvit = ForeignNetwork.Open(_device, new ForeignNetworkOptions(WeightFiles.PathOf("uvit.pth"), Part: null, "uvit", Heads: 2)))
        {
            ImportedFolder.Save(uvit, new ForeignNetworkOptions(WeightFiles.PathOf("uvit.pth"), null, "uvit", 2), _folder["uvit"], "mit");
        }

        Fails(FailureKind.Usage, new FeatureRecipe(_folder["uvit"]), "holds a uvit; features come from a vit");
        if (channels == 1)
        {
            TestImages.Fails(
                FailureKind.Usage, () => FrozenNetwork.Open(Recipe(), Images(3, side, 1).Form, _device).Dispose(), "takes grey images, these are in colour");
        }

        void Fails(FailureKind kind, FeatureRecipe recipe, string says) =>
            TestImages.Fails(kind, () => FrozenNetwork.Open(recipe, Images(channels, side, 1).Form, _device).Dispose(), says);
    }

    private FeatureRecipe Recipe() => new(_folder["vit"]) { Scale = "signed" };

    private void Import(ForeignNetworkOptions options)
    {
        using var network = ForeignNetwork.Open(_device, options);
        ImportedFolder.Save(network, options, _folder["vit"], "mit");
    }

    private static ImageDataset Images(int channels, int side, int count)
    {
        var pixels = new byte[count * channels * side * side];
        new Random(3).NextBytes(pixels);
        return new ImageDataset("random", ["a", "b", "c"], channels, side, pixels, new int[count]);
    }
}
