using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// What the transcriptions of the two trainings share: the update of the weights in double precision, written down from the
/// papers, and the drawing of views. Nothing here is the engine's but the network and the augmentation of one image.
/// </summary>
internal sealed class Transcript : IDisposable
{
    private readonly Dictionary<string, double[]> _average;
    private readonly Dictionary<string, double[]> _first;
    private readonly Dictionary<string, double[]> _second;

    public Transcript(ParameterStore store)
    {
        Store = store;
        _average = store.Parameters.ToDictionary(p => p.Name, p => ToDouble(store.Device.Download(p.Data)));
        _first = store.Parameters.ToDictionary(p => p.Name, p => new double[p.Shape.Count]);
        _second = store.Parameters.ToDictionary(p => p.Name, p => new double[p.Shape.Count]);
        Tape = new Tape(store.Device);
    }

    public ParameterStore Store { get; }

    public Tape Tape { get; }

    /// <summary>Updates made.</summary>
    public int Updates { get; private set; }

    public IReadOnlyDictionary<string, double[]> Average => _average;

    public Dictionary<string, double[]> Weights() =>
        Store.Parameters.ToDictionary(p => p.Name, p => ToDouble(Store.Device.Download(p.Data)));

    public double GradientNorm() => Math.Sqrt(
        Store.Parameters.Sum(p => Store.Device.Download(p.Gradient).Sum(g => (double)g * g)));

    /// <summary>Weight decay is for matrices: not for norms, biases, the class token and positions.</summary>
    public static bool DecaysInAClassifier(string name) =>
        !name.EndsWith("bias", StringComparison.Ordinal)
        && !name.Contains("norm", StringComparison.Ordinal)
        && name is not ("cls_token" or "pos_embed");

    /// <summary>SGD with Nesterov momentum 0.9 as PyTorch defines it; decay is an L2 penalty.</summary>
    public void Sgd(double rate, double decay, double clip, double averageDecay, Predicate<string> decays) => Update(
        clip,
        averageDecay,
        (name, i, p, g) =>
        {
            g += decays(name) ? decay * p : 0;
            var v = _first[name][i] = (0.9 * _first[name][i]) + g;
            return p - (rate * (g + (0.9 * v)));
        });

    /// <summary>AdamW (Loshchilov and Hutter 2019): decay apart from the gradient, epsilon 1e-8.</summary>
    public void AdamW(
        double rate, double beta1, double beta2, double decay, double clip, double averageDecay, Predicate<string> decays) => Update(
        clip,
        averageDecay,
        (name, i, p, g) =>
        {
            var m = _first[name][i] = (beta1 * _first[name][i]) + ((1 - beta1) * g);
            var v = _second[name][i] = (beta2 * _second[name][i]) + ((1 - beta2) * g * g);
            p -= decays(name) ? rate * decay * p : 0;
            var (mHat, vHat) = (m / (1 - Math.Pow(beta1, Updates + 1)), v / (1 - Math.Pow(beta2, Updates + 1)));
            return p - (rate * mHat / (Math.Sqrt(vHat) + 1e-8));
        });

    /// <summary>Views of images as the network gets them, drawn by the augmentation of the given address.</summary>
    public float[] Views(
        ImageDataset images, int[] indices, AugmentPolicy policy, bool flip, int padding, ulong seed, uint stream, long firstSample,
        NormalisationStatistics normalisation)
    {
        var device = Store.Device;
        using var pixels = device.Upload<byte>(images.Pixels);
        using var which = device.Upload<int>(indices);
        using var mean = device.Upload<float>(normalisation.Mean);
        using var deviation = device.Upload<float>(normalisation.Deviation);
        using var views = device.Allocate<float>((long)indices.Length * images.ImageLength);
        device.Run(AugmentOperators.Augment, new AugmentCall
        {
            Batch = indices.Length,
            Channels = images.Channels,
            ImageSize = images.ImageSize,
            SourceCount = images.Count,
            Source = pixels.Slice,
            Indices = which.Slice,
            Policy = policy,
            Flip = flip,
            CropPadding = padding,
            Seed = seed,
            Stream = stream,
            FirstSample = firstSample,
            Mean = mean.Slice,
            Deviation = deviation.Slice,
            Output = views.Slice,
        });
        return device.Download(views.Slice);
    }

    /// <summary>A tensor of the tape with the given elements.</summary>
    public Tensor Fill(TensorShape shape, float[] values)
    {
        var tensor = Tape.New(shape);
        Store.Device.CopyIn<float>(values, tensor.Data);
        return tensor;
    }

    public static double[] Softmax(ReadOnlySpan<double> logits)
    {
        var largest = double.NegativeInfinity;
        foreach (var z in logits)
        {
            largest = Math.Max(largest, z);
        }

        var powers = new double[logits.Length];
        for (var c = 0; c < powers.Length; c++)
        {
            powers[c] = Math.Exp(logits[c] - largest);
        }

        var sum = powers.Sum();
        return [.. powers.Select(p => p / sum)];
    }

    public static double[] ToDouble(float[] values) => Array.ConvertAll(values, v => (double)v);

    public void Dispose() => Tape.Dispose();

    private void Update(double clip, double averageDecay, Func<string, int, double, double, double> rule)
    {
        var device = Store.Device;
        var norm = GradientNorm();
        var factor = clip > 0 && norm > clip ? clip / norm : 1;
        var keep = Math.Min(averageDecay, (1.0 + Updates) / (10.0 + Updates));
        foreach (var parameter in Store.Parameters)
        {
            var gradient = device.Download(parameter.Gradient);
            var weights = device.Download(parameter.Data);
            for (var i = 0; i < weights.Length; i++)
            {
                var updated = rule(parameter.Name, i, weights[i], factor * gradient[i]);
                weights[i] = (float)updated;
                _average[parameter.Name][i] = (keep * _average[parameter.Name][i]) + ((1 - keep) * updated);
            }

            device.CopyIn<float>(weights, parameter.Data);
        }

        device.Clear(Store.Gradients);
        Updates++;
    }
}
