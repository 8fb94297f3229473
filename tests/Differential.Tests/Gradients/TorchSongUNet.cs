using DPT.Engine.Dpt;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>
/// EDM's SongUNet in PyTorch's words, from parameters under their official names with filters' channels last: images with channels
/// second, the list of blocks built as it goes, queries, keys and values of a channel side by side.
/// </summary>
internal sealed class TorchSongUNet(TorchParameters p, SongUNetConfig config)
{
    private const double Epsilon = 1e-6;

    private static readonly double Half = Math.Sqrt(0.5);

    private int _blocks;

    /// <summary>What is in front of the last convolution of each block, counted from 0, in place of dropout.</summary>
    public Func<int, TorchTensor, TorchTensor> Drop { get; init; } = (_, x) => x;

    /// <summary>The network.</summary>
    /// <param name="images">[B, C, S, S].</param>
    /// <param name="times">As the network is told them, [B].</param>
    /// <param name="labels">Class of each; the number of classes for none.</param>
    /// <param name="augmentation">[B, 9], or null.</param>
    public TorchTensor Forward(TorchTensor images, TorchTensor times, long[] labels, TorchTensor? augmentation = null)
    {
        var embedding = Embedding(times, labels, augmentation);
        var x = Convolve($"enc.{config.ImageSize}x{config.ImageSize}_conv", images);
        var skips = new Stack<TorchTensor>([x]);
        var levels = config.Multipliers.Count;
        for (var level = 0; level < levels; level++)
        {
            var side = config.ImageSize >> level;
            if (level > 0)
            {
                x = Block($"enc.{side}x{side}_down", x, embedding, image => F.avg_pool2d(image, 2));
                skips.Push(x);
            }

            for (var i = 0; i < config.Blocks; i++)
            {
                x = Block($"enc.{side}x{side}_block{i}", x, embedding);
                skips.Push(x);
            }
        }

        for (var level = levels - 1; level >= 0; level--)
        {
            var side = config.ImageSize >> level;
            if (level == levels - 1)
            {
                x = Block($"dec.{side}x{side}_in0", x, embedding);
                x = Block($"dec.{side}x{side}_in1", x, embedding);
            }
            else
            {
                x = Block($"dec.{side}x{side}_up", x, embedding, Doubled);
            }

            for (var i = 0; i <= config.Blocks; i++)
            {
                x = Block($"dec.{side}x{side}_block{i}", torch.cat([x, skips.Pop()], 1), embedding);
            }
        }

        var last = $"dec.{config.ImageSize}x{config.ImageSize}_aux";
        return Convolve(last + "_conv", F.silu(Norm(last + "_norm", x)));
    }

    /// <summary>The sinusoidal time embedding, [B, W].</summary>
    public static TorchTensor Time(TorchTensor times, int width)
    {
        var half = width / 2;
        var angles = times.reshape(-1, 1) * torch.pow(1e-4, torch.arange(half, times.dtype) / (half - 1));
        return torch.cat([angles.sin(), angles.cos()], 1);
    }

    private static TorchTensor Doubled(TorchTensor image) => image.repeat_interleave(2, 2).repeat_interleave(2, 3);

    private TorchTensor Embedding(TorchTensor times, long[] labels, TorchTensor? augmentation)
    {
        var x = Time(times * config.TimeFactor, config.Width);
        if (config.Classes > 0)
        {
            var rows = torch.zeros(labels.Length, config.Classes, times.dtype);
            for (var i = 0; i < labels.Length; i++)
            {
                if (labels[i] < config.Classes)
                {
                    rows[i, labels[i]] = Math.Sqrt(config.Classes);
                }
            }

            x += TorchModules.Linear(p, "map_label", rows);
        }

        if (augmentation is not null)
        {
            x += TorchModules.Linear(p, "map_augment", augmentation);
        }

        return F.silu(TorchModules.Linear(p, "map_layer1", F.silu(TorchModules.Linear(p, "map_layer0", x))));
    }

    private TorchTensor Block(string name, TorchTensor x, TorchTensor embedding, Func<TorchTensor, TorchTensor>? resample = null)
    {
        resample ??= image => image;
        var inner = Convolve(name + ".conv0", resample(F.silu(Norm(name + ".norm0", x))));
        inner += TorchModules.Linear(p, name + ".affine", embedding).unsqueeze(2).unsqueeze(3);
        inner = Convolve(name + ".conv1", Drop(_blocks++, F.silu(Norm(name + ".norm1", inner))));
        var y = (inner + (p.Has(name + ".skip.weight") ? Convolve(name + ".skip", resample(x)) : x)) * Half;
        return p.Has(name + ".qkv.weight") ? (y + Attended(name, y)) * Half : y;
    }

    private TorchTensor Attended(string name, TorchTensor x)
    {
        var (batch, channels) = (x.shape[0], x.shape[1]);
        var parts = Convolve(name + ".qkv", Norm(name + ".norm2", x)).reshape(batch, channels, 3, -1).unbind(2);
        var scores = F.softmax(parts[0].transpose(1, 2).matmul(parts[1] / Math.Sqrt(channels)), 2);
        return Convolve(name + ".proj", parts[2].matmul(scores.transpose(1, 2)).reshape(x.shape));
    }

    private TorchTensor Norm(string name, TorchTensor x) =>
        F.group_norm(x, Math.Min(32, x.shape[1] / 4), p[name + ".weight"], p[name + ".bias"], Epsilon);

    private TorchTensor Convolve(string name, TorchTensor x)
    {
        var filter = p[name + ".weight"].permute(0, 3, 1, 2);
        return filter.shape[2] == 3
            ? TorchModules.Convolve3x3(x, filter, p[name + ".bias"])
            : filter.flatten(1).matmul(x.flatten(2)).reshape(x.shape[0], filter.shape[0], x.shape[2], x.shape[3]) + p[name + ".bias"].reshape(1, -1, 1, 1);
    }
}
