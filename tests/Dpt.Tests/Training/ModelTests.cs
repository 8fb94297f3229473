using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// The parameters of the networks against the counts of the published models and their state dictionaries. Parameters
/// are counted where they are registered, so a model of half a billion costs nothing.
/// </summary>
public class ModelTests
{
    /// <summary>Sizes of the official models, with their counts of parameters and tensors.</summary>
    private static IEnumerable<TestCaseData> OfficialUVits =>
    [
        UVitCase("S/2 CIFAR-10", new(32, 2, 3, 512, 12, 8, 0, true), 44_255_328, 164),
        UVitCase("S/2 CIFAR-10 with labels", new(32, 2, 3, 512, 12, 8, 11, true), 44_261_472, 165),
        UVitCase("S/4 CelebA", new(64, 4, 3, 512, 12, 8, 0, true), 44_292_228, 164),
        UVitCase("M/4 ImageNet-64", new(64, 4, 3, 768, 16, 12, 1000, true), 130_940_292, 213),
        UVitCase("L/2 latent 256", new(32, 2, 4, 1024, 20, 16, 1001, true), 286_763_172, 261),
        UVitCase("H/2 latent 256", new(32, 2, 4, 1152, 28, 16, 1001, false), 500_832_016, 355),
    ];

    [TestCaseSource(nameof(OfficialUVits))]
    public void UVit_Official_HasThePublishedParameters(UVitConfig config, long count, int tensors)
    {
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        _ = new UVit(store, config);
        Assert.That((store.Count, store.Parameters.Count), Is.EqualTo((count, tensors)));
        Assert.That(Shapes(store), Is.EquivalentTo(UVitShapes(config)));
    }

    /// <summary>deit_tiny and deit_small; the reference counts them without a head.</summary>
    [TestCase(192, 3, 5_524_416)]
    [TestCase(384, 6, 21_665_664)]
    public void VisionTransformer_OfDeitSize_HasThePublishedParameters(int width, int heads, long withoutHead)
    {
        const int Classes = 10;
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        var options = new ClassifierOptions { Network = "vit", PatchSize = 16, Width = width, Depth = 12, Heads = heads, MlpRatio = 4 };
        _ = new VisionTransformer(store, options, new ImageForm(3, 224, Classes));
        Assert.That(store.Count, Is.EqualTo(withoutHead + (Classes * width) + Classes));
        Assert.That(store.Parameters, Has.Count.EqualTo(150 + 2));
        Assert.That(Shapes(store), Is.EquivalentTo(VisionTransformerShapes(width, Classes)));
    }

    /// <summary>WideResNet-28-2 in the order of its state dictionary, which also counts the batches of each of its 25 norms.</summary>
    [Test]
    public void WideResNet_28_2_HasThePublishedParameters()
    {
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        _ = new WideResNet(store, TinyOptions.WideResNet with { Width = 32, Depth = 28 }, new ImageForm(3, 32, 10));
        var state = WideResNetState(widen: 2, blocks: 4);
        Assert.That(store.Count, Is.EqualTo(1_469_642));
        Assert.That(state, Has.Count.EqualTo(183));
        bool IsBuffer(string name) => name.Contains("running", StringComparison.Ordinal);
        Assert.That(
            store.Parameters.Select(p => (p.Name, LikePyTorch(p.Shape))),
            Is.EqualTo(state.Where(t => !IsBuffer(t.Name) && !t.Name.EndsWith("tracked", StringComparison.Ordinal))));
        Assert.That(store.Buffers.Select(b => (b.Name, LikePyTorch(b.Shape))), Is.EqualTo(state.Where(t => IsBuffer(t.Name))));
    }

    /// <summary>
    /// EDM's network for CIFAR-10, with and without classes: the hash is of the lines "name sizes", with blanks between, of its official code's parameters, in
    /// ordinal order with line feeds between.
    /// </summary>
    [TestCase(10, 55_735_299, 419, "11b19326836d38929b7f1a032430969530f73af3f4be17d320481d207f6aa1cd")]
    [TestCase(0, 55_733_891, 417, "3d32bacbc6b0fcfbababf16cfe63c998a6561c04bf18ba6c7c415fb1bb720f64")]
    public void SongUNet_OfEdm_HasThePublishedParameters(int classes, long count, int tensors, string hash)
    {
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        _ = new SongUNet(store, new SongUNetConfig(32, 3, 128, [2, 2, 2], Blocks: 4, classes) { AugmentationWidth = 9 });
        Assert.That((store.Count, store.Parameters.Count), Is.EqualTo((count, tensors)));
        Assert.That(HashOf(store), Is.EqualTo(hash));
    }

    /// <summary>Stable Diffusion's autoencoder KL-f8, likewise.</summary>
    [Test]
    public void KlAutoencoder_OfStableDiffusion_HasThePublishedParameters()
    {
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        _ = new KlAutoencoder(store, new KlAutoencoderConfig(3, 128, [1, 2, 4, 4], Blocks: 2, LatentChannels: 4));
        Assert.That((store.Count, store.Parameters.Count), Is.EqualTo((83_653_863, 248)));
        Assert.That(HashOf(store), Is.EqualTo("5c1d2b180a7a2ac5c66429b42dc17df0be726e9481954bd7d84632919f633f05"));
    }

    private static string HashOf(ParameterStore store)
    {
        var lines = store.Parameters.Select(p => $"{p.Name} {LikePyTorch(p.Shape)}").Order(StringComparer.Ordinal);
        var bytes = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        return Convert.ToHexStringLower(bytes);
    }

    private static TestCaseData UVitCase(string name, UVitConfig config, long count, int tensors) =>
        new TestCaseData(config, count, tensors).SetArgDisplayNames(name);

    private static Dictionary<string, TensorShape> Shapes(ParameterStore store) =>
        store.Parameters.ToDictionary(p => p.Name, p => p.Shape);

    private static Dictionary<string, TensorShape> UVitShapes(UVitConfig config)
    {
        var (width, patch, channels, half) = (config.Width, config.PatchSize, config.Channels, config.Depth / 2);
        var patches = config.ImageSize / patch * (config.ImageSize / patch);
        var shapes = new Dictionary<string, TensorShape>
        {
            ["pos_embed"] = new(1, patches + (config.NumClasses > 0 ? 2 : 1), width),
            ["patch_embed.proj.weight"] = new(width, channels, patch, patch),
            ["patch_embed.proj.bias"] = new(width),
            ["norm.weight"] = new(width),
            ["norm.bias"] = new(width),
            ["decoder_pred.weight"] = new(patch * patch * channels, width),
            ["decoder_pred.bias"] = new(patch * patch * channels),
        };
        if (config.NumClasses > 0)
        {
            shapes["label_emb.weight"] = new(config.NumClasses, width);
        }

        if (config.Convolution)
        {
            shapes["final_layer.weight"] = new(channels, channels, 3, 3);
            shapes["final_layer.bias"] = new(channels);
        }

        AddBlock(shapes, "mid_block", width, qkvBias: false);
        for (var i = 0; i < half; i++)
        {
            AddBlock(shapes, $"in_blocks.{i}", width, qkvBias: false);
            AddBlock(shapes, $"out_blocks.{i}", width, qkvBias: false);
            shapes[$"out_blocks.{i}.skip_linear.weight"] = new(width, 2 * width);
            shapes[$"out_blocks.{i}.skip_linear.bias"] = new(width);
        }

        return shapes;
    }

    private static Dictionary<string, TensorShape> VisionTransformerShapes(int width, int classes)
    {
        var shapes = new Dictionary<string, TensorShape>
        {
            ["cls_token"] = new(1, 1, width),
            ["pos_embed"] = new(1, 197, width),
            ["patch_embed.proj.weight"] = new(width, 3, 16, 16),
            ["patch_embed.proj.bias"] = new(width),
            ["norm.weight"] = new(width),
            ["norm.bias"] = new(width),
            ["fc.weight"] = new(classes, width),
            ["fc.bias"] = new(classes),
        };
        for (var i = 0; i < 12; i++)
        {
            AddBlock(shapes, $"blocks.{i}", width, qkvBias: true);
        }

        return shapes;
    }

    /// <summary>Filters have their channels last here, and second there.</summary>
    private static string LikePyTorch(TensorShape shape) =>
        string.Join(" ", shape.Rank == 4 ? [shape[0], shape[3], shape[1], shape[2]] : shape.ToArray());

    private static List<(string Name, string Shape)> WideResNetState(int widen, int blocks)
    {
        var state = new List<(string Name, string Shape)>();
        int[] widths = [16, 16 * widen, 32 * widen, 64 * widen];
        Filter("conv1", 3, 16, 3);
        for (var group = 1; group <= 3; group++)
        {
            for (var layer = 0; layer < blocks; layer++)
            {
                var (name, ins, outs) = ($"block{group}.layer.{layer}", widths[layer == 0 ? group - 1 : group], widths[group]);
                Norm($"{name}.bn1", ins);
                Filter($"{name}.conv1", ins, outs, 3);
                Norm($"{name}.bn2", outs);
                Filter($"{name}.conv2", outs, outs, 3);
                if (ins != outs)
                {
                    Filter($"{name}.convShortcut", ins, outs, 1);
                }
            }
        }

        Norm("bn1", widths[3]);
        state.AddRange([("fc.weight", $"10 {widths[3]}"), ("fc.bias", "10")]);
        return state;

        void Filter(string name, int ins, int outs, int kernel) =>
            state.AddRange([($"{name}.weight", $"{outs} {ins} {kernel} {kernel}"), ($"{name}.bias", $"{outs}")]);
        void Norm(string name, int channels) => state.AddRange(
            [.. new[] { "weight", "bias", "running_mean", "running_var" }.Select(part => ($"{name}.{part}", $"{channels}")), ($"{name}.num_batches_tracked", "")]);
    }

    private static void AddBlock(Dictionary<string, TensorShape> shapes, string name, int width, bool qkvBias)
    {
        foreach (var norm in new[] { "norm1", "norm2" })
        {
            shapes[$"{name}.{norm}.weight"] = new(width);
            shapes[$"{name}.{norm}.bias"] = new(width);
        }

        shapes[$"{name}.attn.qkv.weight"] = new(3 * width, width);
        shapes[$"{name}.attn.proj.weight"] = new(width, width);
        shapes[$"{name}.attn.proj.bias"] = new(width);
        shapes[$"{name}.mlp.fc1.weight"] = new(4 * width, width);
        shapes[$"{name}.mlp.fc1.bias"] = new(4 * width);
        shapes[$"{name}.mlp.fc2.weight"] = new(width, 4 * width);
        shapes[$"{name}.mlp.fc2.bias"] = new(width);
        if (qkvBias)
        {
            shapes[$"{name}.attn.qkv.bias"] = new(3 * width);
        }
    }
}
