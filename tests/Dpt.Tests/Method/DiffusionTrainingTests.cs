using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// The trainer of the generator against the written-down method, step by step: which image with which label, noise and time,
/// what is predicted, the schedule, the update and the average. Only the network, the change of one image and the normal
/// numbers of an address are taken from the engine.
/// </summary>
public sealed class DiffusionTrainingTests
{
    private const ulong Seed = 5;
    private const int Classes = 3;
    private const int Pixels = 64;
    private static readonly ImageDataset _images = TestImages.Noise(40, Classes, imageSize: 8);
    private static readonly int[] _pseudoLabels = [.. Enumerable.Range(0, 40).Select(i => (i / 7) % Classes)];

    private static readonly DiffusionOptions _options = TinyOptions.Run.Diffusion with
    {
        Steps = 8,
        Batch = 12,
        LearningRate = 0.004,
        WarmUp = 3,
        WeightDecay = 0.2,
        AverageDecay = 0.35,
        Beta1 = 0.8,
        Beta2 = 0.95,
        LabelDropout = 0.4,
        Flip = true,
    };

    private static readonly Dictionary<string, DiffusionOptions> _cases = new()
    {
        ["velocity, cosine"] = _options,
        ["noise, vp"] = _options with { Prediction = "noise", Schedule = "vp", Flip = false },
        ["data, cosine"] = _options with { Prediction = "data" },
        ["velocity, edm"] = _options with { Schedule = "edm" },
        ["accumulation"] = _options with { Accumulation = 3 },
        ["clipped"] = _options with { ClipNorm = 0.02, LabelDropout = 0 },
    };

    private static IEnumerable<string> Cases => _cases.Keys;

    [TestCaseSource(nameof(Cases))]
    public void Training_IsTheTranscription(string name)
    {
        var options = _cases[name];
        using var training = TinyTraining.Generator(options, images: _images, labels: _pseudoLabels);
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var generator = new ImageGenerator(device, options, new PixelSpace(_images.Form), Seed);
        using var expected = new Transcript(generator.Store);
        for (var step = 0; step < options.Steps; step++)
        {
            var metrics = Step(expected, generator, options);
            var state = training.Run(1);
            foreach (var (metric, value) in training.Trainer.TakeMetrics())
            {
                Assert.That(value, Is.EqualTo(metrics[metric]).Within(2e-4 * (1 + metrics[metric])), $"{metric} of step {step + 1}");
            }

            RequireClose(state.Tensors["model"], expected.Weights(), step);
            RequireClose(state.Tensors["ema"], expected.Average, step);
        }
    }

    /// <summary>The loss on given images is what a training logs that draws the same and does not learn.</summary>
    [TestCase("velocity, cosine")]
    [TestCase("noise, vp")]
    [TestCase("data, cosine")]
    [TestCase("velocity, edm")]
    public void Loss_IsThatOfATrainingWithoutARate(string name)
    {
        var options = _cases[name];
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var generator = new ImageGenerator(device, options, new PixelSpace(_images.Form), Seed);
        using var loss = new GeneratorLoss(generator, options, new PixelExamples(_images), _pseudoLabels);
        using var trainer = new DiffusionTrainer(
            generator, options with { LearningRate = 0, LabelDropout = 0, Flip = false, Batch = 16 }, new PixelExamples(_images), _pseudoLabels, seed: 0);
        var losses = new List<double>();
        for (var step = 0; step < GeneratorLoss.Images / 16; step++)
        {
            trainer.RunStep();
            losses.Add(trainer.TakeMetrics().Single(metric => metric.Name == "train/loss").Value);
        }

        Assert.That(loss.Measure(), Is.EqualTo(losses.Average()).Within(1e-6));
    }

    private static void RequireClose(
        IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)> actual,
        IReadOnlyDictionary<string, double[]> expected,
        int step)
    {
        foreach (var (name, (_, values)) in actual)
        {
            Assert.That(Transcript.ToDouble(values), Is.EqualTo(expected[name]).Within(4e-4), $"'{name}' after step {step + 1}");
        }
    }

    /// <summary>
    /// EDM in its own words: noise of a log-normal sigma is added to images of -1..1; the network F is given c_in x, and D = c_skip x + c_out F
    /// is to be the image, with a weight that makes it F's own squared error. What is predicted here is -F.
    /// </summary>
    /// <returns>What the network is told.</returns>
    private static float Precondition(
        long sample, ReadOnlySpan<float> clean, ReadOnlySpan<float> noise, Span<float> noised, Span<float> targets)
    {
        const double SigmaData = 0.5;
        var logSigma = -1.2 + (1.2 * new PhiloxStream(Seed, RunStreams.DiffusionTime, sample).NextNormal());
        var sigma = Math.Exp(logSigma);
        var variance = (sigma * sigma) + (SigmaData * SigmaData);
        var (skip, scaleOut, scaleIn) = (SigmaData * SigmaData / variance, sigma * SigmaData / Math.Sqrt(variance), 1 / Math.Sqrt(variance));
        Assert.That(variance / Math.Pow(sigma * SigmaData, 2) * scaleOut * scaleOut, Is.EqualTo(1).Within(1e-12), "weight times c_out^2");
        for (var i = 0; i < clean.Length; i++)
        {
            var x = clean[i] + (sigma * noise[i]);
            noised[i] = (float)(scaleIn * x);
            targets[i] = (float)-((clean[i] - (skip * x)) / scaleOut);
        }

        return (float)(1000 * logSigma / 4);
    }

    private static Dictionary<string, double> Step(Transcript transcript, ImageGenerator generator, DiffusionOptions options)
    {
        var step = transcript.Updates;
        var device = transcript.Store.Device;
        var first = (long)step * options.Batch;
        var half = new NormalisationStatistics([0.5f], [0.5f]);
        var (clean, labels, times, noised, targets, weights) = (new float[options.Batch * Pixels], new int[options.Batch],
            new float[options.Batch], new float[options.Batch * Pixels], new float[options.Batch * Pixels], new float[options.Batch]);
        for (var b = 0; b < options.Batch; b++)
        {
            var sample = first + b;
            var image = ImageOf(sample);
            transcript.Views(
                _images, [image], options.Flip ? AugmentPolicy.Weak : AugmentPolicy.None, options.Flip, 0, Seed,
                RunStreams.DiffusionView, sample, half).CopyTo(clean, b * Pixels);
            var dropped = new PhiloxStream(Seed, RunStreams.LabelDropout, sample).NextUniform() < options.LabelDropout;
            labels[b] = dropped ? Classes : _pseudoLabels[image];
            var noise = Normal(device, sample);
            if (options.Schedule == "edm")
            {
                weights[b] = 1;
                times[b] = Precondition(sample, clean.AsSpan(b * Pixels, Pixels), noise, noised.AsSpan(b * Pixels), targets.AsSpan(b * Pixels));
                continue;
            }

            var u = (double)new PhiloxStream(Seed, RunStreams.DiffusionTime, sample).NextUniform();
            var (t, alpha) = options.Schedule == "vp"
                ? (u, Math.Exp((-0.25 * 19.9 * u * u) - (0.05 * u)))
                : (0.9946 * u, Math.Cos(Math.PI / 2 * ((0.9946 * u) + 0.008) / 1.008) / Math.Cos(Math.PI / 2 * 0.008 / 1.008));
            var sigma = Math.Sqrt(1 - (alpha * alpha));
            times[b] = (float)(999 * t);
            weights[b] = options.Prediction == "data" ? (float)Math.Min(1 / (1 - (alpha * alpha)), 6) : 1;
            for (var i = 0; i < Pixels; i++)
            {
                var x0 = (double)clean[(b * Pixels) + i];
                noised[(b * Pixels) + i] = (float)((alpha * x0) + (sigma * noise[i]));
                targets[(b * Pixels) + i] = options.Prediction switch
                {
                    "noise" => noise[i],
                    "data" => (float)x0,
                    _ => (float)((alpha * noise[i]) - (sigma * x0)),
                };
            }
        }

        using var deviceTimes = device.Upload<float>(times);
        using var deviceLabels = device.Upload<int>(labels);
        var shape = new TensorShape(options.Batch, 1, 8, 8);
        var predicted = generator.Network.Forward(
            transcript.Tape, transcript.Fill(shape, noised), deviceTimes.Slice, deviceLabels.Slice);
        var loss = device.Download(predicted.Data)
            .Zip(targets, (p, t) => Math.Pow((double)p - t, 2)).Select((square, i) => weights[i / Pixels] * square).Average();
        using var deviceWeights = device.Upload<float>(weights);
        transcript.Tape.SquaredError(
            predicted, transcript.Fill(shape, targets).Data, scale: 1f / options.Batch, deviceWeights.Slice);
        transcript.Tape.Backward();
        var rate = options.LearningRate * Math.Min(1, (double)step / options.WarmUp);
        var metrics = new Dictionary<string, double>
        {
            ["train/loss"] = loss,
            ["train/learningRate"] = rate,
            ["gradient/norm"] = transcript.GradientNorm(),
        };
        transcript.AdamW(
            rate, options.Beta1, options.Beta2, options.WeightDecay, options.ClipNorm, options.AverageDecay, decays: _ => true);
        return metrics;
    }

    /// <summary>The images of an epoch, a permutation by Fisher and Yates; samples are counted over all epochs.</summary>
    private static int ImageOf(long sample)
    {
        var order = Enumerable.Range(0, _images.Count).ToArray();
        var random = new PhiloxStream(Seed, RunStreams.DiffusionDraw, sample / order.Length);
        for (var i = order.Length - 1; i > 0; i--)
        {
            var j = random.NextInt(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order[sample % order.Length];
    }

    private static float[] Normal(Device device, long sample)
    {
        using var output = device.Allocate<float>(Pixels);
        device.Run(RandomOperators.Fill, new RandomCall
        {
            Samples = 1,
            Elements = Pixels,
            Distribution = RandomDistribution.Normal,
            Seed = Seed,
            Stream = RunStreams.DiffusionNoise,
            FirstSample = sample,
            Output = output.Slice,
        });
        return device.Download(output.Slice);
    }
}
