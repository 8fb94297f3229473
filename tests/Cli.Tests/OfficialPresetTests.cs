using DPT.Engine.Autograd;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Cli.Tests;

/// <summary>The presets of the paper have the numbers of the official configurations, written down here once more.</summary>
public sealed class OfficialPresetTests
{
    private static IEnumerable<string> Cifar => ["cifar10-40", "cifar10-40-uvit"];

    private static IEnumerable<string> OfThePaper => ["imagenet128-uvit-l", "imagenet256-uvit-l", "imagenet256-uvit-h", "imagenet512-uvit-l", .. Cifar];

    /// <summary>L and H differ in process, solver, label dropout, last convolution and the weights of the autoencoder; 512 pixels in patches and guidance.</summary>
    [TestCase("imagenet256-uvit-l", "autoencoder-kl", 2, 1024, 20, true, "vp", "dpm-solver-fast", 0.15, 300_000, 0.4)]
    [TestCase("imagenet256-uvit-h", "autoencoder-kl-ema", 2, 1152, 28, false, "discrete", "dpm-solver++-fast", 0.1, 500_000, 0.4)]
    [TestCase("imagenet128-uvit-l", "autoencoder-kl", 2, 1024, 20, true, "vp", "dpm-solver-fast", 0.15, 300_000, 0.4)]
    [TestCase("imagenet512-uvit-l", "autoencoder-kl", 4, 1024, 20, true, "vp", "dpm-solver-fast", 0.15, 500_000, 0.7)]
    public void OnLatents_HasTheNumbersOfItsModel(
        string name, string autoencoder, int patch, int width, int depth, bool convolution, string schedule, string solver, double dropout, int steps, double guidance)
    {
        var options = Load(name);
        var expected = options.Diffusion with
        {
            Network = "u-vit", Autoencoder = autoencoder, PatchSize = patch, Width = width, Depth = depth, Heads = 16, MlpRatio = 4, QkvBias = false,
            LongSkip = true, MlpTimeEmbed = false, Convolution = convolution, Prediction = "noise", Schedule = schedule, Initialisation = "official", Steps = steps, Batch = 1024,
            Optimizer = "adamw", LearningRate = 2e-4, WarmUp = 5000, WeightDecay = 0.03, Beta1 = 0.99, Beta2 = 0.99, AverageDecay = 0.9999, ClipNorm = 0,
            LabelDropout = dropout, Flip = true,
        };
        Assert.That(options.Diffusion, Is.EqualTo(expected));
        Assert.That(
            (options.Generate.PerClass, options.Generate.Guidance, options.Generate.Solver, options.Generate.Evaluations), Is.EqualTo((128, guidance, solver, 50)));
        Assert.That((options.Probe.Lambda, options.Probe.Side, options.Probe.Pixels), Is.EqualTo((0.0025, 224, "imagenet")));
    }

    /// <summary>FreeMatch alike in stages 1 and 3, without the fairness term; in stage 3 pseudo-images and the few are one set.</summary>
    [TestCaseSource(nameof(Cifar))]
    public void OnCifar10_HasTheNumbersOfFreeMatch(string name)
    {
        var options = Load(name);
        Assert.That((options.Classifier.Network, options.Classifier.Depth, options.Classifier.Width), Is.EqualTo(("wrn", 28, 16 * 2)));
        foreach (var training in new SemiSupervisedOptions[] { options.Stage1, options.Stage3 })
        {
            var official = training with
            {
                Algorithm = "freematch", Steps = 1 << 20, LabelledBatch = 64, UnlabelledBatch = 7 * 64, UnlabelledWeight = 1, ThresholdMomentum = 0.999,
                FairnessWeight = 0, Optimizer = "sgd", LearningRate = 0.03, WarmUp = 0, WeightDecay = 5e-4, AverageDecay = 0.999, ClipNorm = 0, Flip = true,
                CropPadding = 4,
            };
            Assert.That(training, Is.EqualTo(official));
        }

        Assert.That((options.Stage3.RealShare, options.Data.LabelsPerClass), Is.EqualTo(((double?)null, 4)));
    }

    [Test]
    public void OnCifar10_HasTheNumbersOfUVitS()
    {
        var diffusion = Load("cifar10-40-uvit").Diffusion;
        var official = diffusion with
        {
            PatchSize = 2, Width = 512, Depth = 12, Heads = 8, MlpRatio = 4, Convolution = true, Prediction = "noise", Schedule = "vp", Initialisation = "official",
            Steps = 500_000, Batch = 128, Optimizer = "adamw", LearningRate = 2e-4, WarmUp = 2500, WeightDecay = 0.03, Beta1 = 0.99, Beta2 = 0.999,
            AverageDecay = 0.9999, ClipNorm = 0, Flip = true,
        };
        Assert.That(diffusion, Is.EqualTo(official));
    }

    /// <summary>200 million images in batches of 512, Adam without decay, and a rate that rises over the first 10 million; images are mirrored by the augmentation.</summary>
    [Test]
    public void OnCifar10_HasTheNumbersOfEdm()
    {
        var options = Load("cifar10-40");
        var official = options.Diffusion with
        {
            Network = "songunet", Width = 128, Depth = 4, ChannelMultipliers = "2:2:2", Prediction = "velocity", Schedule = "edm", Batch = 512, Optimizer = "adamw",
            LearningRate = 1e-3, WeightDecay = 0, Beta1 = 0.9, Beta2 = 0.999, ClipNorm = 0, LabelDropout = 0, Augment = 0.12, Dropout = 0.13, Flip = false,
        };
        Assert.That(options.Diffusion, Is.EqualTo(official));
        Assert.That((long)options.Diffusion.Steps * 512, Is.EqualTo(200_000_000));
        Assert.That((options.Generate.Solver, options.Generate.Evaluations, options.Generate.Guidance), Is.EqualTo(("edm-heun", 35, 0)));
        foreach (var step in new[] { 0, 1, 9_766, 19_000, 30_000 })
        {
            var rate = options.Diffusion.LearningRate * LearningRateSchedule.LinearWarmUp(step, options.Diffusion.WarmUp);
            Assert.That(rate, Is.EqualTo(1e-3 * Math.Min(step * 512 / 1e7, 1)).Within(1e-7), $"step {step}");
        }
    }

    /// <summary>The same guidance at all noise levels, as the official samplers have it.</summary>
    [TestCaseSource(nameof(OfThePaper))]
    public void Guidance_IsEverywhereOrNowhere(string name)
    {
        var generate = Load(name).Generate;
        Assert.That(generate.Guidance == 0 || generate is { GuidedAbove: 0, GuidedBelow: null });
    }

    /// <summary>
    /// U-ViT's and FreeMatch's averages have their full decay from the first update on, EDM's half-life is 5 % of what was seen up to 500,000
    /// images, and ours begins in a way of its own. In the end all of that is gone: what the average still has of the updates before both decays
    /// are the same is less than a rounding.
    /// </summary>
    [TestCaseSource(nameof(OfThePaper))]
    public void Averages_InTheEnd_AreTheOfficialOnes(string name)
    {
        var options = Load(name);
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        store.Add("p", new TensorShape(1), Initializer.Zero);
        store.Initialize(seed: 1);
        Require("diffusion", options.Diffusion.AverageDecay, options.Diffusion.Steps, name == "cifar10-40" ? Edm : _ => 0.9999);
        if (options.Probe.Features is null)
        {
            Require("stage1", options.Stage1.AverageDecay, options.Stage1.Steps, _ => 0.999);
            Require("stage3", options.Stage3.AverageDecay, options.Stage3.Steps, _ => 0.999);
        }

        void Require(string training, double decay, int steps, Func<int, double> official)
        {
            using var average = new MovingAverage(store, (float)decay);
            var left = 1.0;
            var update = steps - 1;
            for (; update >= 0 && Math.Abs(average.DecayAfter(update) - official(update)) < 1e-7; update--)
            {
                left *= official(update);
            }

            Assert.That(left, Is.LessThan(1e-9), $"{training}: what is left of update {update} of {steps} and those before it");
        }

        static double Edm(int updates) => Math.Pow(0.5, 512 / Math.Max(Math.Min(500_000, 0.05 * 512 * updates), 1e-8));
    }

    private static DptOptions Load(string preset) => ConfigLoader.Load(preset, null, new Dictionary<string, string>(), []).ToOptions();
}
