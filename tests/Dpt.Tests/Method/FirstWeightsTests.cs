using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>The distributions that the first weights are drawn from: those of the published models, and of the fast start.</summary>
public sealed class FirstWeightsTests
{
    private const int Width = 64;
    private const int Patch = 4;
    private const int Channels = 3;

    private readonly List<IDisposable> _open = [];

    [TearDown]
    public void Close()
    {
        foreach (var item in Enumerable.Reverse(_open))
        {
            item.Dispose();
        }

        _open.Clear();
    }

    /// <summary>Weights of linear layers are uniform in 1/sqrt(inputs); class token and positions are normal with 0.3.</summary>
    [Test]
    public void Classifier_StartsAsWrittenDown()
    {
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        var options = new ClassifierOptions { Network = "vit", PatchSize = Patch, Width = Width, Depth = 2, Heads = 4, MlpRatio = 2 };
        _ = new VisionTransformer(store, options, new ImageForm(Channels, 16, 10));
        store.Initialize(7);
        Check(store, name => name switch
        {
            "cls_token" or "pos_embed" => Normal(0.3),
            "patch_embed.proj.weight" => Uniform(Channels * Patch * Patch),
            "fc.weight" => Uniform(Width),
            _ => Block(name, Uniform(Width), Uniform(2 * Width), skip: null),
        });
    }

    /// <summary>All are Xavier's, uniform; what ends a residual branch starts at a hundred thousandth of that, biases at 0 (spec 4.7).</summary>
    [Test]
    public void SongUNet_StartsAsPublished()
    {
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        _ = new SongUNet(store, new SongUNetConfig(8, Channels, 32, [1, 2], Blocks: 1, Classes: 10) { AugmentationWidth = 9 });
        store.Initialize(7);
        Check(store, name => name.EndsWith("bias", StringComparison.Ordinal) || name.Contains("norm", StringComparison.Ordinal) ? (0, 0) : Xavier(name));

        (double, double)? Xavier(string name)
        {
            var (shape, gain) = (store[name].Shape, name switch
            {
                _ when name.EndsWith("conv1.weight", StringComparison.Ordinal) => 1e-5,
                _ when name.EndsWith("proj.weight", StringComparison.Ordinal) || name.EndsWith("aux_conv.weight", StringComparison.Ordinal) => 1e-5,
                _ when name.EndsWith("qkv.weight", StringComparison.Ordinal) => Math.Sqrt(0.2),
                _ => 1,
            });
            var taps = shape.Rank == 4 ? shape[1] * shape[2] : 1;
            var bound = gain * Math.Sqrt(6.0 / (taps * (shape.Last + shape[0])));
            return (bound / Math.Sqrt(3), bound);
        }
    }

    /// <summary>Filters are normal with sqrt(2/fan out), their biases uniform in 1/sqrt(fan in), the head is Xavier's (spec 2.4).</summary>
    [Test]
    public void WideResNet_StartsAsPublished()
    {
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        _ = new WideResNet(store, TinyOptions.WideResNet with { Width = 32 }, new ImageForm(Channels, 32, 10));
        store.Initialize(7);
        Check(store, name => name switch
        {
            "fc.weight" => Normal(Math.Sqrt(2.0 / (128 + 10))),
            "fc.bias" => (0, 0),
            _ when name.Contains("bn", StringComparison.Ordinal) => (0, 0),
            _ => Filter(store[name[..(name.LastIndexOf('.') + 1)] + "weight"].Shape, name.EndsWith("weight", StringComparison.Ordinal)),
        });

        static (double, double)? Filter(TensorShape shape, bool isWeight) => isWeight
            ? Normal(Math.Sqrt(2.0 / (shape[0] * shape[1] * shape[2])))
            : Uniform(shape[1] * shape[2] * shape[3]);
    }

    /// <summary>Official: linear layers and positions normal with 0.02, labels with 1; patches and convolution as PyTorch does it.</summary>
    [Test]
    public void Generator_Official_StartsAsPublished() => Check(Store(fast: false), name => name switch
    {
        "pos_embed" => Normal(0.02),
        "label_emb.weight" => Normal(1),
        "patch_embed.proj.weight" or "patch_embed.proj.bias" => Uniform(Channels * Patch * Patch),
        "final_layer.weight" or "final_layer.bias" => Uniform(9 * Channels),
        "decoder_pred.weight" => Normal(0.02),
        _ => Block(name, Normal(0.02), Normal(0.02), Normal(0.02)),
    });

    [Test]
    public void Generator_Fast_StartsAsWrittenDown()
    {
        var store = Store(fast: true);
        var convolution = store.Device.Download(store["final_layer.weight"].Data);
        for (var i = 0; i < convolution.Length; i++)
        {
            var (output, input, tap) = (i / 27, i / 9 % 3, i % 9);
            Assert.That(convolution[i], Is.EqualTo(output == input && tap == 4 ? 1 : 0), "the identity");
        }

        Check(store, name => name switch
        {
            "pos_embed" => Normal(0.3),
            "label_emb.weight" => Normal(0.5),
            "patch_embed.proj.weight" or "patch_embed.proj.bias" => Uniform(Channels * Patch * Patch),
            "final_layer.weight" => null,
            "decoder_pred.weight" => Uniform(Width),
            _ => Block(name, Uniform(Width), Uniform(4 * Width), Uniform(2 * Width)),
        });
    }

    /// <summary>Each parameter is drawn apart from the others: two of one shape differ, and so do two seeds.</summary>
    [Test]
    public void Parameters_OfOneShape_DifferAndFollowTheSeed()
    {
        float[] Of(ParameterStore store, int block) =>
            store.Device.Download(store[$"in_blocks.{block}.attn.qkv.weight"].Data);
        var store = Store(fast: false);
        Assert.That(Of(store, 0), Is.Not.EqualTo(Of(store, 1)));
        Assert.That(Of(Store(fast: false), 0), Is.EqualTo(Of(store, 0)));
        Assert.That(Of(Store(fast: false, seed: 8), 0), Is.Not.EqualTo(Of(store, 0)));
    }

    private static (double Deviation, double Largest)? Normal(double deviation) => (deviation, 7 * deviation);

    private static (double Deviation, double Largest)? Uniform(int fanIn) => (1 / Math.Sqrt(3.0 * fanIn), 1 / Math.Sqrt(fanIn));

    /// <summary>A parameter of a block or of the last norm, by the inputs of its layer; biases are 0 and norms start as the identity.</summary>
    private static (double Deviation, double Largest)? Block(
        string name, (double, double)? ofWidth, (double, double)? ofHidden, (double, double)? skip)
    {
        if (name.EndsWith("bias", StringComparison.Ordinal) || name.Contains("norm", StringComparison.Ordinal))
        {
            return (0, 0);
        }

        return name.Contains("fc2", StringComparison.Ordinal) ? ofHidden
            : name.Contains("skip_linear", StringComparison.Ordinal) ? skip
            : ofWidth;
    }

    private static void Check(ParameterStore store, Func<string, (double Deviation, double Largest)?> expected)
    {
        foreach (var parameter in store.Parameters)
        {
            if (expected(parameter.Name) is not var (deviation, largest))
            {
                continue;
            }

            var values = store.Device.Download(parameter.Data);
            var isNorm = parameter.Name.Contains("norm", StringComparison.Ordinal) || parameter.Name.Contains("bn", StringComparison.Ordinal);
            var centre = isNorm && parameter.Name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0;
            var actual = Math.Sqrt(values.Average(v => Math.Pow(v - centre, 2)));

            // The deviation of a sample's deviation is about deviation / sqrt(2 n): five of them.
            Assert.That(
                actual, Is.EqualTo(deviation).Within(5 * deviation / Math.Sqrt(2.0 * values.Length)), $"deviation of '{parameter.Name}'");
            Assert.That(values.Max(v => Math.Abs(v - centre)), Is.LessThanOrEqualTo(largest * 1.0000001), parameter.Name);
        }
    }

    private ParameterStore Store(bool fast, ulong seed = 7)
    {
        var device = new HostDevice(threads: 1);
        var store = new ParameterStore(device);
        _open.AddRange([device, store]);
        _ = new UVit(store, new UVitConfig(16, Patch, Channels, Width, Depth: 4, Heads: 4, NumClasses: 50, Convolution: true, fast));
        store.Initialize(seed);
        return store;
    }
}
