using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Stable Diffusion's autoencoder with given weights against what PyTorch computed with them, whichever names the weights have.</summary>
public sealed class ForeignAutoencoderTests
{
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

    [Test]
    public void Encode_ThenDecode_GiveWhatPyTorchGives()
    {
        using var network = Open(AutoencoderWeights.Official());
        Assert.That(network.Description, Is.EqualTo(
            "autoencoder: images of 3 channels, width 32, channels times 1:2, 1 blocks a level, latents of 3 channels and 1/2 of the side"));
        Assert.That((network.Fit.Matched, network.Fit.IsWhole), Is.EqualTo((AutoencoderWeights.Official().Count, true)));
        RequireLike(network.Encode(Floats("x")), Floats("moments"), "moments");
        RequireLike(network.Decode(Floats("latents")), Floats("images"), "images");
    }

    /// <summary>As diffusers' does: the mean codes' images. Latents of the mean are the mean times the scale.</summary>
    [Test]
    public void Forward_GivesTheImagesOfTheMeans()
    {
        using var network = Open(AutoencoderWeights.Official());
        var moments = Floats("moments");
        var means = moments.Values.Chunk(27).Where((_, i) => i % 2 == 0).SelectMany(mean => mean).Select(value => value * LatentMoments.Scale);
        RequireLike(network.Forward(new NetworkInput(Floats("x"))), network.Decode(new NpyArray<float>([2, 3, 3, 3], [.. means])), "images");
    }

    [Test]
    public void Diffusers_IsTheSameNetwork([Values] bool isOld)
    {
        using var network = Open(AutoencoderWeights.Diffusers(isOld));
        RequireLike(network.Encode(Floats("x")), Floats("moments"), "moments");
        RequireLike(network.Decode(Floats("latents")), Floats("images"), "images");
    }

    [Test]
    public void Import_IsTheSameAgainByTheOfficialNames([Values] bool isOfDiffusers)
    {
        var origin = Save(isOfDiffusers ? AutoencoderWeights.Diffusers(isOld: false) : AutoencoderWeights.Official());
        using (var network = ForeignNetwork.Open(_device, origin))
        {
            ImportedFolder.Save(network, origin, _folder["out"], "unknown");
        }

        var found = ImportedFolder.Find(_folder["out"]);
        Assert.That(found, Is.EqualTo(origin with { Weights = _folder["out/model.safetensors"] }));
        var (there, here) = (AutoencoderWeights.Official(), WeightFile.Read(found.Weights));
        Assert.That(here.Keys, Is.EquivalentTo(there.Keys));
        Assert.That(here.Keys.Select(name => here[name].Shape), Is.EqualTo(here.Keys.Select(name => there[name].Shape.ToArray())));
        Assert.That(here.Keys.Select(name => here[name].Values), Is.EqualTo(here.Keys.Select(name => there[name].Values)));
        var config = JsonNode.Parse(File.ReadAllText(_folder["out/config.json"]))!;
        Assert.That(((string?)config["model_type"], (int?)config["channels"], config["imageSize"]), Is.EqualTo(("dpt-autoencoder", 3, (JsonNode?)null)));
        Assert.That(config["network"]!.ToJsonString(), Is.EqualTo("""{"width":32,"depth":1,"channelMultipliers":"1:2","latentChannels":3}"""));
    }

    /// <summary>An image's codes and pixels depend on no other image.</summary>
    [Test]
    public void Encode_OfImagesAlone_GivesTheSameBits()
    {
        using var network = Open(AutoencoderWeights.Official());
        var (x, latents) = (Floats("x"), Floats("latents"));
        Assert.That(Halves(x).SelectMany(image => network.Encode(image).Values), Is.EqualTo(network.Encode(x).Values));
        Assert.That(Halves(latents).SelectMany(latent => network.Decode(latent).Values), Is.EqualTo(network.Decode(latents).Values));

        static IEnumerable<NpyArray<float>> Halves(NpyArray<float> both) =>
            both.Values.Chunk(both.Values.Length / 2).Select(values => new NpyArray<float>([1, .. both.Shape.Skip(1)], values));
    }

    /// <summary>Scores of thousands, whose exponentials no float holds: each pixel attends to one.</summary>
    [Test]
    public void Encode_WithLargeScores_StaysFinite()
    {
        var state = AutoencoderWeights.Official();
        var (_, weights) = state["encoder.mid.attn_1.q.weight"];
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] *= 10_000;
        }

        using var network = Open(state);
        Assert.That(network.Encode(Floats("x")).Values, Is.All.InRange(-10f, 10f));
    }

    private static IEnumerable<TestCaseData> Misfits()
    {
        yield return Case("missing", state => state.Remove("encoder.mid.attn_1.k.bias"), "1 missing (encoder.mid.attn_1.k.bias), 0 unexpected");
        yield return Case("attention in a level", state => Add(state, "encoder.down.1.attn.0.q.weight", 1), "comes of attention above the smallest images, which is not supported");
        yield return Case("no first convolution", state => state.Remove("encoder.conv_in.weight"), "it has no 'encoder.conv_in.weight'");
        yield return Case("no codes", state => state.Remove("post_quant_conv.weight"), "it has no 'post_quant_conv.weight'");
        yield return Case("a width without groups", state => Add(state, "encoder.conv_in.weight", 48, 3, 3, 3), "an autoencoder of width 48: it must be a multiple of 32");
        yield return Case("a narrow level", state => Add(state, "encoder.down.0.block.0.conv1.weight", 16, 32, 3, 3), "each must be at least 1");
        yield return Case("a block more", state => Add(state, "encoder.down.0.block.1.norm1.weight", 32), "encoder.down.0.block.1.norm1.bias");
        yield return Case("a level far away", state => Add(state, "encoder.down.999999999.block.0.conv1.weight", 32), "encoder.down.2.block.0.conv1.weight");

        static TestCaseData Case(string name, Action<Dictionary<string, (TensorShape, float[])>> change, string says) =>
            new TestCaseData(change, says).SetArgDisplayNames(name);
        static void Add(Dictionary<string, (TensorShape, float[])> state, string name, params int[] shape) =>
            state[name] = (new TensorShape(shape), new float[shape.Aggregate(1, (a, b) => a * b)]);
    }

    [TestCaseSource(nameof(Misfits))]
    public void Open_OfWeightsThatDoNotFit_SaysWhich(object change, string says)
    {
        var state = AutoencoderWeights.Official();
        ((Action<Dictionary<string, (TensorShape, float[])>>)change)(state);
        TestImages.Fails(FailureKind.Check, () => Open(state).Dispose(), says);
    }

    [Test]
    public void Open_OfOneTensorUnderTwoNames_SaysSo()
    {
        var state = AutoencoderWeights.Diffusers(isOld: false);
        state["encoder.mid_block.attentions.0.query.bias"] = (new TensorShape(64), new float[64]);
        TestImages.Fails(FailureKind.Check, () => Open(state).Dispose(), "it has 'encoder.mid.attn_1.q.bias' twice, under two names");
    }

    [Test]
    public void Open_WithOptionsThatItDoesNotHave_SaysSo()
    {
        var options = Save(AutoencoderWeights.Official());
        Fails(options with { Heads = 2 }, "an autoencoder has 1 attention head");
        Fails(options with { Features = true }, "features are of a ViT");
        Fails(options with { ImageSize = 32 }, "it takes images of any size");

        void Fails(ForeignNetworkOptions options, string says) =>
            TestImages.Fails(FailureKind.Usage, () => ForeignNetwork.Open(_device, options).Dispose(), says);
    }

    [Test]
    public void Work_OnWhatDoesNotFit_SaysWhatFits()
    {
        using var network = Open(AutoencoderWeights.Official());
        Fails(() => network.Encode(Zeros(1, 3, 5, 5)), "x is [1, 3, 5, 5], the network takes [N, 3, S, S] with S a multiple of 2");
        Fails(() => network.Encode(Zeros(1, 3, 4, 6)), "x is [1, 3, 4, 6]");
        Fails(() => network.Encode(Zeros(1, 1, 4, 4)), "x is [1, 1, 4, 4]");
        Fails(() => network.Forward(new NetworkInput(Zeros(1, 3, 4, 4), Zeros(1))), "an autoencoder takes images alone");
        Fails(() => network.Decode(Zeros(1, 4, 2, 2)), "latents are [1, 4, 2, 2], the autoencoder takes [N, 3, s, s]");
        Fails(() => network.Decode(Zeros(0, 3, 2, 2)), "latents are [0, 3, 2, 2]");
        Fails(() => network.Sample(new SamplingInput(Zeros(1, 3, 4, 4), null, "vp", "ddim", 1)), "the network draws no samples");
        var broken = Zeros(2, 3, 2, 2);
        broken.Values[^1] = float.NaN;
        TestImages.Fails(FailureKind.Diverged, () => network.Decode(broken), "latent 1");

        static void Fails(Action work, string says) => TestImages.Fails(FailureKind.Usage, work, says);
        static NpyArray<float> Zeros(params int[] shape) => new(shape, new float[shape.Aggregate(1, (a, b) => a * b)]);
    }

    private ForeignAutoencoder Open(Dictionary<string, (TensorShape, float[])> tensors) =>
        (ForeignAutoencoder)ForeignNetwork.Open(_device, Save(tensors));

    private ForeignNetworkOptions Save(Dictionary<string, (TensorShape, float[])> tensors)
    {
        StateDict.Save(_folder["autoencoder.safetensors"], tensors);
        return new ForeignNetworkOptions(_folder["autoencoder.safetensors"], Part: null, "autoencoder", Heads: null);
    }

    private static NpyArray<float> Floats(string name) => NpyFile.ReadFloats(WeightFiles.PathOf($"autoencoder-{name}.npy"));

    /// <summary>Two computations in single precision differ by less than 1e-5 of the largest number.</summary>
    private static void RequireLike(NpyArray<float> actual, NpyArray<float> expected, string what)
    {
        Assert.That(actual.Shape, Is.EqualTo(expected.Shape), what);
        Assert.That(actual.Values, Is.EqualTo(expected.Values).Within(1e-5f * expected.Values.Max(Math.Abs)), what);
    }
}
