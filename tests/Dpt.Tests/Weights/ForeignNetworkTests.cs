using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Networks with PyTorch's weights against what PyTorch computed with them: outputs and the gradient of every parameter.</summary>
public sealed class ForeignNetworkTests
{
    private static readonly ForeignNetworkOptions UVitOptions = new(WeightFiles.PathOf("uvit.pth"), Part: null, "uvit", Heads: 2);
    private static readonly ForeignNetworkOptions TransformerOptions = new(WeightFiles.PathOf("vit.pth.tar"), "model", "vit", Heads: 3);

    private static readonly ForeignNetworkOptions SongUNetOptions = new(WeightFiles.PathOf("songunet.pth"), "ema.model", "songunet", Heads: null);

    private static readonly ForeignNetworkOptions WideResNetOptions = new(WeightFiles.PathOf("wrn.pth"), "ema_model", "wrn", Heads: null);

    private HostDevice _device = null!;
    private TemporaryFolder _folder = null!;

    private static NetworkInput UVitInput => new(Floats("uvit-x"), Floats("uvit-t"), NpyFile.ReadLongs(WeightFiles.PathOf("uvit-y.npy")));

    private static NetworkInput TransformerInput => new(Floats("vit-x"));

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
    public void UVit_GivesWhatPyTorchGives()
    {
        using var network = ForeignNetwork.Open(_device, UVitOptions);
        Assert.That(network.Description, Is.EqualTo("U-ViT: images 2x8x8, patch 4, width 8, depth 2, heads 2, MLP ratio 4, 3 rows of labels, a final convolution"));
        Assert.That((network.Fit.Matched, network.Fit.IsWhole), Is.EqualTo((45, true)));
        RequireLike(network.Forward(UVitInput), Floats("uvit-eps"), "eps");
        var (loss, gradients) = network.Gradients(UVitInput);
        Assert.That(loss, Is.EqualTo(Floats("uvit-eps").Values.Average(value => (double)value * value)).Within(1e-5));
        RequireLike(gradients, "uvit-gradients.pth");
        RequireLike(network.Gradients(UVitInput).Gradients, "uvit-gradients.pth");
    }

    /// <summary>A wider MLP, biases of queries, keys and values, no long skips: what no official model has, and the official code can.</summary>
    [Test]
    public void UVit_WithOtherOptions_GivesWhatPyTorchGives()
    {
        using var network = ForeignNetwork.Open(_device, UVitOptions with { Weights = WeightFiles.PathOf("uvit-options.pth") });
        Assert.That(
            network.Description,
            Does.EndWith("MLP ratio 2, 3 rows of labels, a final convolution, biases of queries, keys and values, no long skips"));
        Assert.That(network.Fit.IsWhole);
        RequireLike(network.Forward(UVitInput), Floats("uvit-options-eps"), "eps");
        RequireLike(network.Gradients(UVitInput).Gradients, "uvit-options-gradients.pth");
    }

    /// <summary>mlp_time_embed, which no official model has either: the time's token through two linear layers.</summary>
    [Test]
    public void UVit_WithAnMlpOnTime_GivesWhatPyTorchGives()
    {
        using var network = ForeignNetwork.Open(_device, UVitOptions with { Weights = WeightFiles.PathOf("uvit-time.pth") });
        Assert.That(network.Description, Does.EndWith("MLP ratio 4, 3 rows of labels, a final convolution, an MLP on the time"));
        Assert.That((network.Fit.Matched, network.Fit.IsWhole), Is.EqualTo((49, true)));
        RequireLike(network.Forward(UVitInput), Floats("uvit-time-eps"), "eps");
        RequireLike(network.Gradients(UVitInput).Gradients, "uvit-time-gradients.pth");
    }

    [Test]
    public void Transformer_GivesWhatPyTorchGives()
    {
        using var network = ForeignNetwork.Open(_device, TransformerOptions);
        Assert.That(network.Description, Is.EqualTo("ViT: images 3x8x8, patch 4, width 12, depth 1, heads 3, MLP ratio 2, 4 classes"));
        RequireLike(network.Forward(TransformerInput), Floats("vit-logits"), "logits");
        RequireLike(network.Gradients(TransformerInput).Gradients, "vit-gradients.pth");
    }

    /// <summary>DINOv2's: layer scale, registers between class token and patches, no head, and a token that only its training reads.</summary>
    [Test]
    public void TransformerOfDinoV2_GivesWhatPyTorchGives()
    {
        var options = TransformerOptions with { Weights = WeightFiles.PathOf("dinov2.pth"), Part = null, Features = true };
        using var network = ForeignNetwork.Open(_device, options);
        Assert.That(network.Description, Is.EqualTo("ViT: images 3x8x8, patch 4, width 12, depth 2, heads 3, MLP ratio 4, features, layer scale, 3 registers"));
        var input = new NetworkInput(Floats("dinov2-x"));
        RequireLike(network.Forward(input), Floats("dinov2-features"), "features");
        RequireLike(network.Gradients(input).Gradients.Where(gradient => !gradient.Key.StartsWith("norm.", StringComparison.Ordinal)).ToDictionary(), "dinov2-gradients.pth");
        TestImages.Fails(
            FailureKind.Usage, () => ForeignNetwork.Open(_device, options with { ImageSize = 16 }), "positions of a ViT with registers are interpolated with antialiasing");
    }

    /// <summary>In evaluation mode, with the file's statistics; images may have any size. Dead norms have no gradient in PyTorch, and 0 here.</summary>
    [Test]
    public void WideResNet_GivesWhatPyTorchGives()
    {
        using var network = ForeignNetwork.Open(_device, WideResNetOptions);
        Assert.That(network.Description, Is.EqualTo("wide residual network: images of 3 channels, width 4, depth 10, 5 classes"));
        var input = new NetworkInput(Floats("wrn-x"));
        RequireLike(network.Forward(input), Floats("wrn-logits"), "logits");
        var (_, gradients) = network.Gradients(input);
        string[] dead = ["block2.layer.0.bn1.weight", "block2.layer.0.bn1.bias", "block3.layer.0.bn1.weight", "block3.layer.0.bn1.bias"];
        RequireLike(gradients.Where(gradient => !dead.Contains(gradient.Key)).ToDictionary(), "wrn-gradients.pth");
        Assert.That(dead.SelectMany(name => gradients[name].Values), Is.All.Zero);

        // Of the tensors of the file, each of the 7 norms' counts is passed by.
        var file = WeightFile.Read(WideResNetOptions.Weights, WideResNetOptions.Part);
        Assert.That((network.Fit.Matched, network.Fit.IsWhole), Is.EqualTo((file.Count - 7, true)));
        Assert.That(network.Parameters, Is.EqualTo(gradients.Values.Sum(gradient => (long)gradient.Values.Length)));
        Assert.That(network.Forward(new NetworkInput(new([2, 3, 11, 11], new float[726]))).Shape, Is.EqualTo(new[] { 2, 5 }));
    }

    /// <summary>EDM's network: labels one-hot times the root of their number and none, q, k and v side by side; filters looked at; augmentation not told.</summary>
    [Test]
    public void SongUNet_GivesWhatPyTorchGives()
    {
        using var network = ForeignNetwork.Open(_device, SongUNetOptions);
        Assert.That(network.Description, Is.EqualTo("SongUNet: images 2x8x8, width 4, channels times 2:1, 1 blocks a level, 3 classes, told of augmentation"));
        var file = WeightFile.Read(SongUNetOptions.Weights, SongUNetOptions.Part);
        Assert.That((network.Fit.Matched, network.Fit.IsWhole), Is.EqualTo((file.Count - 4, true)));
        var input = new NetworkInput(Floats("songunet-x"), Floats("songunet-t"), NpyFile.ReadLongs(WeightFiles.PathOf("songunet-y.npy")));
        RequireLike(network.Forward(input), Floats("songunet-out"), "output");
        var gradients = network.Gradients(input).Gradients;
        Assert.That(gradients["map_augment.weight"].Values, Is.All.Zero);
        RequireLike(gradients.Where(gradient => gradient.Key != "map_augment.weight").ToDictionary(), "songunet-gradients.pth");
    }

    /// <summary>
    /// EDM's preconditioning and its Heun steps, from noise to images of -1..1, against PyTorch in double precision. At the first level the
    /// image is 1/160 of what is kept in floats, so its error is 160 roundings.
    /// </summary>
    [Test]
    public void Sample_OfASongUNet_GivesWhatEdmGives()
    {
        using var network = ForeignNetwork.Open(_device, SongUNetOptions);
        var labels = NpyFile.ReadLongs(WeightFiles.PathOf("songunet-y.npy"));
        var samples = network.Sample(new SamplingInput(Floats("songunet-z"), labels, "edm", "edm-heun", 7));
        var expected = Floats("songunet-samples");
        Assert.That(samples.Shape, Is.EqualTo(expected.Shape));
        Assert.That(samples.Values, Is.EqualTo(expected.Values).Within(160f / (1 << 23) * expected.Values.Max(Math.Abs)));
    }

    /// <summary>On another process the same network is one that predicts noise, as EDM's VP models do: one step is DDIM's formula.</summary>
    [Test]
    public void Sample_OfASongUNetOnAnotherProcess_IsOfItsNoise()
    {
        using var network = ForeignNetwork.Open(_device, SongUNetOptions);
        var (noise, labels) = (Floats("songunet-z"), NpyFile.ReadLongs(WeightFiles.PathOf("songunet-y.npy")));
        var eps = network.Forward(new NetworkInput(noise, new([3], [999, 999, 999]), labels));
        var vp = new LinearVpSchedule();
        var (ratio, step) = (vp.Alpha(vp.End) / vp.Alpha(1), vp.Sigma(vp.End) * (Math.Exp(vp.Lambda(vp.End) - vp.Lambda(1)) - 1));
        RequireLike(
            network.Sample(new SamplingInput(noise, labels, "vp", "ddim", 1)),
            new(noise.Shape, [.. noise.Values.Zip(eps.Values, (z, e) => (float)((ratio * z) - (step * e)))]),
            "DDIM");
    }

    [Test]
    public void Transformer_WithoutHead_HasFeatures()
    {
        var headless = Changed(TransformerOptions, state =>
        {
            state.Remove("head.weight");
            state.Remove("head.bias");
            state["fc.fc1.weight"] = (new TensorShape(2, 12), new float[24]);
        });
        foreach (var options in new[] { TransformerOptions, headless })
        {
            using var network = ForeignNetwork.Open(_device, options with { Features = true });
            RequireLike(network.Forward(TransformerInput), Floats("vit-features"), "features");
            var gradients = network.Gradients(TransformerInput).Gradients;
            Assert.That(gradients.Keys, Has.Count.EqualTo(18).And.None.StartsWith("fc").And.None.StartsWith("head"));
            Assert.That(network.Fit.Matched, Is.EqualTo(18));
            Assert.That(network.Parameters, Is.EqualTo(gradients.Values.Sum(gradient => (long)gradient.Values.Length)));
        }

        Refuses(headless, "it has no classifier, 'head.weight' or 'fc.weight'; features can be had without");
    }

    /// <summary>The gradient of one number of each tensor against the slope between two forward passes.</summary>
    [TestCase("pos_embed", 5)]
    [TestCase("in_blocks.0.attn.qkv.weight", 17)]
    [TestCase("out_blocks.0.skip_linear.weight", 30)]
    [TestCase("final_layer.bias", 1)]
    public void Gradients_AreSlopes(string name, int at)
    {
        const float Step = 1e-2f;
        using var network = ForeignNetwork.Open(_device, UVitOptions);
        Assert.That(network.Gradients(UVitInput).Gradients[name].Values[at], Is.EqualTo((Loss(Step) - Loss(-Step)) / (2 * Step)).Within(2e-3));

        double Loss(float step)
        {
            using var moved = ForeignNetwork.Open(_device, Changed(UVitOptions, state => state[name].Values[at] += step));
            return moved.Forward(UVitInput).Values.Average(value => (double)value * value);
        }
    }

    private static IEnumerable<TestCaseData> Misfits()
    {
        yield return UVit("missing", state => state.Remove("mid_block.norm1.bias"), "44 tensors match, 1 missing (mid_block.norm1.bias), 0 unexpected, 0 of another shape");
        yield return UVit("unexpected", state => Add(state, "ema.decay", 1), "45 tensors match, 0 missing, 1 unexpected (ema.decay), 0 of another shape");
        yield return UVit("another shape", state => Add(state, "norm.bias", 7), "44 tensors match, 0 missing, 0 unexpected, 1 of another shape (norm.bias [7] instead of [8])");
        yield return UVit("half an MLP on time", state => Add(state, "time_embed.0.weight", 32, 8), "3 missing (time_embed.0.bias, time_embed.2.weight, time_embed.2.bias), 0 unexpected");
        yield return UVit("conditioning on text", state => Add(state, "context_embed.weight", 1), "'context_embed.weight' comes of conditioning on text, which is not supported");
        yield return UVit("biases of qkv in one block", state => Add(state, "mid_block.attn.qkv.bias", 24), "2 missing (in_blocks.0.attn.qkv.bias, out_blocks.0.attn.qkv.bias)");
        yield return UVit("half a skip", state => state.Remove("out_blocks.0.skip_linear.weight"), "0 missing, 1 unexpected (out_blocks.0.skip_linear.bias)");
        yield return UVit("another MLP in one block", state => Add(state, "mid_block.mlp.fc1.weight", 16, 8), "(in_blocks.0.mlp.fc1.weight [32, 8] instead of [16, 8], ");
        yield return UVit("half an MLP", state => Add(state, "mid_block.mlp.fc1.weight", 12, 8), "an MLP of 12 for a width of 8 is not supported");
        yield return UVit("no square", state => Add(state, "pos_embed", 1, 7, 8), "'pos_embed' has 5 patches, which are no square");
        yield return UVit("a flat embedding", state => Add(state, "patch_embed.proj.weight", 8, 32), "'patch_embed.proj.weight' is [8, 32], 4 positive sizes are expected");
        yield return UVit("a block far away", state => Add(state, "in_blocks.999999999.norm1.weight", 8), "in_blocks.999999999.norm1.weight");
        yield return Transformer("a stem", state => Add(state, "patch_embed.stem.0.weight", 1), "comes of a stem of convolutions");
        yield return Transformer("no bias of qkv", state => state.Remove("blocks.0.attn.qkv.bias"), "a ViT without qkv_bias is not supported");
        yield return WideResNet("no statistics", state => state.Remove("bn1.running_var"), "1 missing (bn1.running_var), 0 unexpected");
        yield return WideResNet("no biases of convolutions", state => state.Remove("conv1.bias"), "as that of USB, is another network and not supported");
        yield return WideResNet("another stem", state => Add(state, "conv1.weight", 8, 3, 3, 3), "1 of another shape (conv1.weight [8, 3, 3, 3] instead of [16, 3, 3, 3])");
        yield return WideResNet("two blocks in one group", state => Add(state, "block1.layer.1.bn1.weight", 4), "missing (block1.layer.1.bn1.bias, ");
        yield return Transformer("half a layer scale", state => Add(state, "blocks.0.ls1.gamma", 12), "1 missing (blocks.0.ls2.gamma), 0 unexpected");
        yield return Transformer("SwiGLU", state => Add(state, "blocks.0.mlp.w12.weight", 1), "comes of SwiGLU");
        yield return Transformer("two heads", state => Add(state, "fc.weight", 4, 12), "it has two heads, head.* and 'fc.weight'");

        yield return SongUNet("another filter", state => state["enc.4x4_down.conv0.resample_filter"] = (new TensorShape(1, 1, 4, 4), [.. Enumerable.Repeat(0.25f, 16)]), "'enc.4x4_down.conv0.resample_filter' is another filter than [1, 1]");
        yield return SongUNet("a filter of other taps", state => Add(state, "enc.4x4_down.conv0.resample_filter", 1, 1, 2, 2), "is another filter than [1, 1]");
        yield return SongUNet("NCSN++", state => Add(state, "dec.4x4_aux_skip.weight", 1), "comes of NCSN++, which is not supported");
        yield return SongUNet("no first convolution", state => state.Remove("enc.8x8_conv.weight"), "it has no 'enc.SxS_conv.weight'");
        yield return SongUNet("no blocks", state => state.Remove("enc.8x8_block0.conv0.weight"), "it has no 'enc.8x8_block0.conv0.weight'");
        yield return SongUNet("no level below", state => state.Remove("enc.4x4_block0.conv0.weight"), "unexpected (");
        yield return SongUNet("a block more in one level", state => Add(state, "enc.4x4_block1.norm0.weight", 4), "1 unexpected (enc.4x4_block1.norm0.weight)");
        yield return SongUNet("a sixteenth of a group", state => Add(state, "enc.8x8_conv.weight", 6, 2, 3, 3), "it must be a multiple of 4");

        static TestCaseData SongUNet(string name, Action<Dictionary<string, (TensorShape, float[] Values)>> change, string says) =>
            new TestCaseData(SongUNetOptions, change, says).SetArgDisplayNames(name);

        static TestCaseData UVit(string name, Action<Dictionary<string, (TensorShape, float[] Values)>> change, string says) =>
            new TestCaseData(UVitOptions, change, says).SetArgDisplayNames(name);
        static TestCaseData WideResNet(string name, Action<Dictionary<string, (TensorShape, float[] Values)>> change, string says) =>
            new TestCaseData(WideResNetOptions, change, says).SetArgDisplayNames(name);
        static TestCaseData Transformer(string name, Action<Dictionary<string, (TensorShape, float[] Values)>> change, string says) =>
            new TestCaseData(TransformerOptions, change, says).SetArgDisplayNames(name);
        static void Add(Dictionary<string, (TensorShape, float[])> state, string name, params int[] shape) =>
            state[name] = (new TensorShape(shape), new float[shape.Aggregate(1, (a, b) => a * b)]);
    }

    [TestCaseSource(nameof(Misfits))]
    public void Open_OfWeightsThatDoNotFit_SaysWhich(object options, object change, string says) => Refuses(
        Changed((ForeignNetworkOptions)options, (Action<Dictionary<string, (TensorShape, float[] Values)>>)change), says);

    [Test]
    public void Open_OfAnotherModelOrPart_SaysSo()
    {
        TestImages.Fails(FailureKind.Usage, () => ForeignNetwork.Open(_device, UVitOptions with { Model = "unet" }), "unknown model 'unet'; there are uvit, songunet, vit, wrn, autoencoder");
        TestImages.Fails(FailureKind.Usage, () => ForeignNetwork.Open(_device, UVitOptions with { Heads = 3 }), "heads 3 does not divide");
        TestImages.Fails(FailureKind.Usage, () => ForeignNetwork.Open(_device, UVitOptions with { Heads = 0 }), "0 heads");
        TestImages.Fails(FailureKind.Usage, () => ForeignNetwork.Open(_device, UVitOptions with { Heads = null }), "the number of attention heads is missing");
        TestImages.Fails(FailureKind.Usage, () => ForeignNetwork.Open(_device, WideResNetOptions with { Heads = 2 }), "a wrn has no attention heads");
        TestImages.Fails(FailureKind.Usage, () => ForeignNetwork.Open(_device, WideResNetOptions with { Features = true }), "features are of a ViT");
        TestImages.Fails(FailureKind.Usage, () => ForeignNetwork.Open(_device, WideResNetOptions with { ImageSize = 32 }), "it takes images of any size");
        TestImages.Fails(FailureKind.Usage, () => ForeignNetwork.Open(_device, UVitOptions with { Features = true }), "a U-ViT has no features");
        Refuses(TransformerOptions with { Part = null }, "name the part with --key; at its top are model");
        Refuses(TransformerOptions with { Model = "uvit" }, "it has no 'mid_block.mlp.fc1.weight'");
        Refuses(WideResNetOptions with { Part = null }, "name the part with --key; at its top are ema_model, model");
    }

    [Test]
    public void Forward_OfInputThatDoesNotFit_SaysWhatFits()
    {
        using var network = ForeignNetwork.Open(_device, UVitOptions);
        var (x, t, y) = (UVitInput.Images, UVitInput.Times!, UVitInput.Labels!);
        Fails(new NetworkInput(t, t, y), "x is [3], the network takes [N, 2, 8, 8]");
        Fails(new NetworkInput(new([0, 2, 8, 8], []), t, y), "x is [0, 2, 8, 8]");
        Fails(new NetworkInput(x, null, y), "t is missing, the network takes [3] here");
        Fails(new NetworkInput(x, new([2], [1, 2]), y), "t is [2]");
        Fails(new NetworkInput(x, t), "labels are missing, the network takes [3] here");
        Fails(new NetworkInput(x, t, new([3], [0, 3, 1])), "a label is 3, the network has 0 to 2");
        using var transformer = ForeignNetwork.Open(_device, TransformerOptions);
        TestImages.Fails(FailureKind.Usage, () => transformer.Forward(TransformerInput with { Times = t }), "a ViT takes images alone");
        using var wide = ForeignNetwork.Open(_device, WideResNetOptions);
        TestImages.Fails(FailureKind.Usage, () => wide.Forward(new NetworkInput(x)), "x is [3, 2, 8, 8], the network takes [N, 3, S, S] with S of 5 and more");
        TestImages.Fails(FailureKind.Usage, () => wide.Forward(new NetworkInput(new([1, 3, 8, 7], new float[168]))), "the network takes [N, 3, S, S]");
        TestImages.Fails(FailureKind.Usage, () => wide.Forward(new NetworkInput(new([1, 3, 4, 4], new float[48]))), "the network takes [N, 3, S, S]");
        TestImages.Fails(FailureKind.Usage, () => wide.Forward(new NetworkInput(Floats("wrn-x"), t)), "a wrn takes images alone");
        x.Values[0] = float.NaN;
        TestImages.Fails(FailureKind.Diverged, () => network.Forward(new NetworkInput(x, t, y)), "image 0 of x");

        void Fails(NetworkInput input, string says) => TestImages.Fails(FailureKind.Usage, () => network.Forward(input), says);
    }

    /// <summary>All the way from noise to samples, guided and not, by both official solvers, against PyTorch in double precision.</summary>
    [TestCase("continuous", "vp", "dpm-solver-fast", 11, 0.4)]
    [TestCase("continuous-unguided", "vp", "dpm-solver-fast", 12, 0)]
    [TestCase("discrete", "discrete", "dpm-solver++-fast", 13, 0.4)]
    public void Sample_GivesWhatPyTorchGives(string file, string schedule, string solver, int evaluations, double guidance)
    {
        using var network = ForeignNetwork.Open(_device, UVitOptions);
        var input = new SamplingInput(Noise, NoiseLabels, schedule, solver, evaluations, guidance);
        RequireLike(network.Sample(input), Floats($"uvit-samples-{file}"), file);
    }

    /// <summary>The labels are per sample: others give the others' samples, in any order.</summary>
    [Test]
    public void Sample_OfAnOrder_HasTheSamplesInThatOrder()
    {
        using var network = ForeignNetwork.Open(_device, UVitOptions);
        var input = new SamplingInput(Noise, NoiseLabels, "vp", "dpm-solver-fast", 6, Guidance: 1);
        var straight = network.Sample(input).Values.Chunk(128).ToList();
        var turned = network.Sample(input with
        {
            Noise = new NpyArray<float>(Noise.Shape, [.. Noise.Values.Chunk(128).Reverse().SelectMany(sample => sample)]),
            Labels = new NpyArray<long>([3], [.. NoiseLabels.Values.Reverse()]),
        });
        Assert.That(turned.Values.Chunk(128), Is.EqualTo(straight.AsEnumerable().Reverse()));
    }

    /// <summary>One step to the end is the image that the network predicts, so almost nothing of it is beyond the range of pixels.</summary>
    [Test]
    public void Sample_WithAThreshold_IsOfTheRange()
    {
        using var network = ForeignNetwork.Open(_device, UVitOptions);
        var input = new SamplingInput(Noise, NoiseLabels, "vp", "dpm-solver++-2m", 1, Guidance: 1);
        Assert.That(network.Sample(input).Values.Max(Math.Abs), Is.GreaterThan(2));
        Assert.That(network.Sample(input with { Threshold = 0.9 }).Values, Is.All.InRange(-1.01f, 1.01f));
    }

    /// <summary>Without a table of labels: the network alone, and one sample of one step is DDIM's formula.</summary>
    [Test]
    public void Sample_OfANetworkWithoutLabels_IsItsOwnPrediction()
    {
        var unlabelled = Changed(UVitOptions, state =>
        {
            state.Remove("label_emb.weight");
            var (_, positions) = state["pos_embed"];
            state["pos_embed"] = (new TensorShape(1, 5, 8), positions[8..]);
        });
        using var network = ForeignNetwork.Open(_device, unlabelled);
        var input = new SamplingInput(Noise, Labels: null, "vp", "ddim", 1);
        var eps = network.Forward(new NetworkInput(Noise, new([3], [999, 999, 999])));
        var vp = new LinearVpSchedule();
        var (ratio, step) = (vp.Alpha(vp.End) / vp.Alpha(1), vp.Sigma(vp.End) * (Math.Exp(vp.Lambda(vp.End) - vp.Lambda(1)) - 1));
        RequireLike(network.Sample(input), new(Noise.Shape, [.. Noise.Values.Zip(eps.Values, (z, e) => (float)((ratio * z) - (step * e)))]), "DDIM");
        Fails(input with { Guidance = 0.5 }, "nothing can guide it");
        Fails(input with { Labels = NoiseLabels }, "the network has no labels, but some are given");

        void Fails(SamplingInput input, string says) => TestImages.Fails(FailureKind.Usage, () => network.Sample(input), says);
    }

    [Test]
    public void Sample_OfInputThatDoesNotFit_SaysWhatFits()
    {
        using var network = ForeignNetwork.Open(_device, UVitOptions);
        var input = new SamplingInput(Noise, NoiseLabels, "vp", "dpm-solver-fast", 6, Guidance: 1);
        Fails(input with { Noise = new([], [1]) }, "the noise is [], the network takes [N, 2, 8, 8]");
        Fails(input with { Noise = new([1, 1, 8, 8], new float[64]) }, "the noise is [1, 1, 8, 8]");
        Fails(input with { Labels = null }, "labels are missing");
        Fails(input with { Labels = new([3], [0, 1, 3]) }, "a label is 3, the network has 0 to 2");
        Fails(input with { Labels = new([3], [0, 1, 1L << 40]) }, "a label is 1099511627776");
        Fails(input with { Guidance = -1 }, "the guidance is -1, it must be 0 or more");
        Fails(input with { Guidance = double.NaN }, "the guidance is NaN");
        Fails(input with { Schedule = "linear" }, "unknown noise schedule 'linear'");
        Fails(input with { Solver = "rk4" }, "rk4");
        Fails(input with { Evaluations = 0 }, "cannot work with 0 evaluations");
        Fails(input with { Threshold = 0.5 }, "generate.threshold 0.5 is a limit of predicted images");
        using var transformer = ForeignNetwork.Open(_device, TransformerOptions);
        TestImages.Fails(FailureKind.Usage, () => transformer.Sample(input), "the network draws no samples");
        var broken = Noise;
        broken.Values[200] = float.PositiveInfinity;
        TestImages.Fails(FailureKind.Diverged, () => network.Sample(input with { Noise = broken }), "sample 1");

        void Fails(SamplingInput input, string says) => TestImages.Fails(FailureKind.Usage, () => network.Sample(input), says);
    }

    private static NpyArray<float> Noise => Floats("uvit-z");

    private static NpyArray<long> NoiseLabels => NpyFile.ReadLongs(WeightFiles.PathOf("uvit-z-labels.npy"));

    private void Refuses(ForeignNetworkOptions options, string says) =>
        TestImages.Fails(FailureKind.Check, () => ForeignNetwork.Open(_device, options).Dispose(), says);

    /// <summary>The same weights, changed, in a file of ours, which has no scalars: no network needs one.</summary>
    private ForeignNetworkOptions Changed(ForeignNetworkOptions options, Action<Dictionary<string, (TensorShape, float[] Values)>> change)
    {
        var state = WeightFile.Read(options.Weights, options.Part).Where(item => item.Value.Shape.Count > 0)
            .ToDictionary(item => item.Key, item => (new TensorShape([.. item.Value.Shape]), item.Value.Values));
        change(state);
        StateDict.Save(_folder["changed.safetensors"], state);
        return options with { Weights = _folder["changed.safetensors"], Part = null };
    }

    private static NpyArray<float> Floats(string name) => NpyFile.ReadFloats(WeightFiles.PathOf(name + ".npy"));

    private static void RequireLike(IReadOnlyDictionary<string, NpyArray<float>> gradients, string file)
    {
        var expected = WeightFile.Read(WeightFiles.PathOf(file));
        Assert.That(gradients.Keys, Is.EquivalentTo(expected.Keys));
        foreach (var (name, gradient) in gradients)
        {
            RequireLike(gradient, new(expected[name].Shape, expected[name].Values), name);
        }
    }

    /// <summary>Two computations in single precision differ by less than 1e-5 of the largest number.</summary>
    private static void RequireLike(NpyArray<float> actual, NpyArray<float> expected, string what)
    {
        Assert.That(actual.Shape, Is.EqualTo(expected.Shape), what);
        var bound = 1e-6f + (1e-5f * expected.Values.Max(Math.Abs));
        Assert.That(actual.Values, Is.EqualTo(expected.Values).Within(bound), what);
    }
}
