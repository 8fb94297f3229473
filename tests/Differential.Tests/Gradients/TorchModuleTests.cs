using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>Whole networks against their definition in PyTorch: the result and the gradient of every parameter.</summary>
public sealed class TorchModuleTests
{
    [Test]
    public void TransformerBlock_LikeTorch([Values] bool qkvBias, [Values] bool recompute)
    {
        using var c = new TorchComparison();
        var x = c.Add("x", 3, 9, 16);
        var block = new TransformerBlock(
            new ParameterScope(c.Store)["block"],
            new TransformerBlockConfig(16, 4, MlpRatio: 4, qkvBias, NormEpsilon: 1e-5f, WeightDeviation: 0));
        c.Check(
            tape => recompute ? tape.Recompute(() => block.Forward(tape, x)) : block.Forward(tape, x),
            p => TorchModules.Block(p, "block", p["x"], 4, 1e-5));
    }

    [TestCase(5, true, false)]
    [TestCase(5, true, true)]
    [TestCase(5, false, false)]
    [TestCase(0, true, false)]
    public void UVit_LikeTorch(int classes, bool convolution, bool recompute) => CheckUVit(new UVitConfig(
        ImageSize: 8, PatchSize: 2, Channels: 3, Width: 16, Depth: 4, Heads: 2, classes, convolution, FastStart: true, recompute));

    private static void CheckUVit(UVitConfig config)
    {
        var (classes, channels) = (config.NumClasses, config.Channels);
        using var c = new TorchComparison();
        var model = new UVit(c.Store, config);
        var (images, pixels) = c.Numbers(3 * channels * 64);
        var (times, t) = c.Numbers(3);
        var (labels, rows) = c.Labels(3, Math.Max(1, classes));
        c.Check(
            tape => model.Forward(
                tape, Tape.Constant(new TensorShape(3, channels, 8, 8), images), times, classes > 0 ? labels : default),
            p => TorchModules.UVit(p, config, p.Constant(pixels, 3, channels, 8, 8), p.Constant(t, 3), rows));
    }

    [TestCase(1, true, true, false, 5)]
    [TestCase(3, false, false, false, 5)]
    [TestCase(4, true, false, true, 5)]
    [TestCase(2, false, true, true, 0)]
    public void UVit_WithOtherOptions_LikeTorch(int mlpRatio, bool qkvBias, bool longSkip, bool mlpTimeEmbed, int classes) => CheckUVit(
        new UVitConfig(ImageSize: 8, PatchSize: 4, Channels: 4, Width: 12, Depth: 4, Heads: 3, classes, Convolution: false, FastStart: true)
        {
            MlpRatio = mlpRatio,
            QkvBias = qkvBias,
            LongSkip = longSkip,
            MlpTimeEmbed = mlpTimeEmbed,
        });

    [Test]
    public void VisionTransformer_LikeTorch()
    {
        var options = new ClassifierOptions { Network = "vit", PatchSize = 4, Width = 12, Depth = 3, Heads = 3, MlpRatio = 2 };
        using var c = new TorchComparison();
        var model = new VisionTransformer(c.Store, options, new ImageForm(1, 8, 10));
        var (images, pixels) = c.Numbers(5 * 64);
        var (labels, classes) = c.Labels(5, 10);
        c.CheckLoss(
            tape => tape.CrossEntropy(
                model.Forward(tape, Tape.Constant(new TensorShape(5, 1, 8, 8), images)), labels, TorchComparison.LossScale),
            p => TorchModules.CrossEntropy(
                TorchModules.VisionTransformer(p, options, p.Constant(pixels, 5, 1, 8, 8)), classes));
    }

    [TestCase(1, 8, 1, 2, 2)]
    [TestCase(3, 16, 2, 2, 1)]
    [TestCase(2, 6, 2, 1, 2)]
    [TestCase(1, 18, 2, 1, 1)]
    public void ResidualNetwork_LikeTorch(int channels, int side, int patch, int stages, int depth)
    {
        var options = new ClassifierOptions
        {
            Network = "resnet", PatchSize = patch, Width = 6, Depth = depth, Heads = 1, MlpRatio = 1,
        };
        using var c = new TorchComparison();
        var model = new ResidualNetwork(c.Store, options, new ImageForm(channels, side, 10));
        var pixels = channels * side * side;
        var (images, values) = c.Numbers(5 * pixels);
        var (labels, classes) = c.Labels(5, 10);
        c.CheckLoss(
            tape => tape.CrossEntropy(
                model.Forward(tape, Tape.Constant(new TensorShape(5, channels, side, side), images)), labels, TorchComparison.LossScale),
            p => TorchModules.CrossEntropy(
                TorchModules.ResidualNetwork(p, p.Constant(values, 5, channels, side, side), stages, depth), classes));
    }

    /// <summary>Widths of 4 and 8 have a shortcut in the first group, one of 16 has none, as a network of the reference with a factor of 1.</summary>
    [TestCase(10, 4, 8, true)]
    [TestCase(10, 8, 7, true)]
    [TestCase(16, 16, 6, true)]
    [TestCase(10, 4, 8, false)]
    [TestCase(16, 5, 9, false)]
    public void WideResNet_LikeTorch(int depth, int width, int side, bool isTraining)
    {
        const int Batch = 6, Channels = 3;
        var options = new ClassifierOptions { Network = "wrn", PatchSize = 1, Width = width, Depth = depth, Heads = 1, MlpRatio = 1 };
        using var c = new TorchComparison { IsDead = name => name is "block2.layer.0.bn1.weight" or "block2.layer.0.bn1.bias" or "block3.layer.0.bn1.weight" or "block3.layer.0.bn1.bias" };
        var model = new WideResNet(c.Store, options, new ImageForm(Channels, side, 10));
        var (images, values) = c.Numbers(Batch * Channels * side * side);
        var (labels, classes) = c.Labels(Batch, 10);
        c.CheckLoss(
            tape =>
            {
                var x = Tape.Constant(new TensorShape(Batch, Channels, side, side), images);
                return tape.CrossEntropy(
                    isTraining ? model.ForwardTraining(tape, x) : model.Forward(tape, x), labels, TorchComparison.LossScale);
            },
            p => TorchModules.CrossEntropy(
                TorchModules.WideResNet(p, (depth - 4) / 6, p.Constant(values, Batch, Channels, side, side), isTraining), classes));
    }

    /// <summary>Told of augmentation, with dropout of our masks: each block its own, of images counted from another than the first.</summary>
    [Test]
    public void SongUNet_InTraining_LikeTorch([Values] bool recompute)
    {
        const int Batch = 3, Side = 4, Classes = 2;
        var address = new DrawAddress(Seed: 5, FirstSample: 11);
        using var c = new TorchComparison();
        var config = new SongUNetConfig(Side, Channels: 2, Width: 8, [1, 2], Blocks: 1, Classes)
        {
            AugmentationWidth = 9, Dropout = 0.25f, Recompute = recompute,
        };
        var model = new SongUNet(c.Store, config);
        var (images, pixels) = c.Numbers(Batch * 2 * Side * Side);
        var (times, t) = c.Numbers(Batch);
        var (labels, rows) = c.Labels(Batch, Classes + 1);
        var (augmentation, changes) = c.Numbers(Batch * 9);
        var words = new int[DrawAddress.Words];
        address.WriteTo(words);
        using var draw = c.Device.Upload<int>(words);
        c.Check(
            tape => model.ForwardTraining(
                tape,
                Tape.Constant(new TensorShape(Batch, 2, Side, Side), images),
                times,
                labels,
                new TrainingConditions(draw.Slice, Tape.Constant(new TensorShape(Batch, 9), augmentation))),
            p => new TorchSongUNet(p, config) { Drop = Dropped }.Forward(
                p.Constant(pixels, Batch, 2, Side, Side), p.Constant(t, Batch), rows, p.Constant(changes, Batch, 9)));

        TorchTensor Dropped(int block, TorchTensor x)
        {
            var stream = RandomStreams.Dropout + ((uint)block * RandomStreams.Layers);
            var kept = TorchDropout.Kept(address, stream, config.Dropout, x.shape[0], x.shape[2], x.shape[3], x.shape[1]);
            return x * kept.permute(0, 3, 1, 2).to(x.dtype) / (1 - config.Dropout);
        }
    }

    /// <summary>Two and three levels, attention on 16 pixels a side and where it always is, widths whose norms have 1 to 3 groups, and the most that there are.</summary>
    [TestCase(4, 8, "2,2,2", 1, 3, false)]
    [TestCase(4, 16, "1,2", 2, 0, false)]
    [TestCase(4, 16, "2,1", 1, 5, true)]
    [TestCase(12, 4, "3", 1, 2, false)]
    [TestCase(160, 2, "1", 1, 2, false)]
    public void SongUNet_LikeTorch(int width, int side, string multipliers, int blocks, int classes, bool recompute)
    {
        const int Batch = 3, Channels = 3;
        using var c = new TorchComparison();
        var config = new SongUNetConfig(side, Channels, width, Array.ConvertAll(multipliers.Split(','), int.Parse), blocks, classes)
        {
            TimeFactor = 0.5f,
            Recompute = recompute,
        };
        var model = new SongUNet(c.Store, config);
        var (images, pixels) = c.Numbers(Batch * Channels * side * side);
        var (times, t) = c.Numbers(Batch);
        var (labels, rows) = c.Labels(Batch, classes + 1);
        c.Check(
            tape => model.Forward(tape, Tape.Constant(new TensorShape(Batch, Channels, side, side), images), times, labels),
            p => new TorchSongUNet(p, config).Forward(p.Constant(pixels, Batch, Channels, side, side), p.Constant(t, Batch), rows));
    }

    /// <summary>Norms of one channel a group and of more, one level and two, odd latents; the half that is not asked has no gradient.</summary>
    [TestCase(32, 6, "1,2", 1)]
    [TestCase(64, 3, "1", 2)]
    public void KlAutoencoder_LikeTorch(int width, int side, string multipliers, int blocks)
    {
        const int Batch = 2, Channels = 3, LatentChannels = 2;
        var config = new KlAutoencoderConfig(Channels, width, Array.ConvertAll(multipliers.Split(','), int.Parse), blocks, LatentChannels);
        var small = side / config.Reduction;
        using (var c = new TorchComparison { IsDead = name => IsOf(name, "decoder.", "post_quant_conv.") })
        {
            var model = new KlAutoencoder(c.Store, config);
            var (images, pixels) = c.Numbers(Batch * Channels * side * side);
            c.Check(
                tape => model.Encode(tape, Tape.Constant(new TensorShape(Batch, Channels, side, side), images)),
                p => new TorchAutoencoder(p, config).Encode(p.Constant(pixels, Batch, Channels, side, side)));
        }

        using (var c = new TorchComparison { IsDead = name => IsOf(name, "encoder.", "quant_conv.") })
        {
            var model = new KlAutoencoder(c.Store, config);
            var (codes, numbers) = c.Numbers(Batch * LatentChannels * small * small);
            c.Check(
                tape => model.Decode(tape, Tape.Constant(new TensorShape(Batch, LatentChannels, small, small), codes)),
                p => new TorchAutoencoder(p, config).Decode(p.Constant(numbers, Batch, LatentChannels, small, small)));
        }

        static bool IsOf(string name, params string[] halves) => halves.Any(half => name.StartsWith(half, StringComparison.Ordinal));
    }
}
