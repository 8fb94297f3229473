using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>A generator learns with dropout, from augmented images of which it is told, and neither draws nor is measured so.</summary>
public sealed class SongUNetTrainingTests
{
    private static readonly DiffusionOptions Options = TinyOptions.SongUNet with { Steps = 3, AverageDecay = 0 };

    /// <summary>Masks go with images, not with micro-batches.</summary>
    [Test]
    public void Dropout_OfABatchInParts_IsThatOfTheBatch()
    {
        var whole = Weights(Options);
        Assert.That(Weights(Options with { Accumulation = 3 }), Is.EqualTo(whole).Within(2e-5f));
        Assert.That(Weights(Options with { Dropout = 0 }), Is.Not.EqualTo(whole).Within(2e-3f), "dropout that does nothing");
    }

    /// <summary>A batch is augmented as its images are one by one, by what the conditions tell, and as the draws of their numbers say.</summary>
    [Test]
    public void Augmentation_IsOfTheImageAndTold()
    {
        using var device = new HostDevice(threads: 1);
        var images = TestImages.Noise(20, classes: 3, imageSize: 8);
        var options = Options with { Batch = 6, Augment = 0.5 };
        using var generator = new ImageGenerator(device, options, new PixelSpace(images.Form), seed: 5);
        var plain = Drawn(options with { Augment = 0 });
        var augmented = Drawn(options);
        var labels = Enumerable.Range(0, 2 * 6).SelectMany(image =>
        {
            var random = new PhiloxStream(7, RunStreams.DiffusionAugmentation, image);
            var numbers = new float[EdmAugmentation.Labels];
            EdmAugmentation.Sample(ref random, 0.5).WriteLabels(numbers);
            return numbers;
        });
        Assert.That(augmented.SelectMany(batch => batch.Labels!), Is.EqualTo(labels));
        Assert.That(plain.Select(batch => batch.Labels), Is.All.Null);
        Assert.That(augmented.Zip(plain, (one, other) => one.Noise.SequenceEqual(other.Noise)), Is.All.True, "noises are drawn apart");
        Assert.That(augmented.Zip(plain, (one, other) => one.Clean.SequenceEqual(other.Clean)), Is.All.False);
        Assert.That(Drawn(options with { Accumulation = 3 }, parts: 6).SelectMany(part => part.Clean), Is.EqualTo(augmented.SelectMany(batch => batch.Clean)));

        List<(float[] Clean, float[] Noise, float[]? Labels)> Drawn(DiffusionOptions options, int parts = 2)
        {
            using var batches = new DiffusionBatches(generator, options, new PixelExamples(images), new int[images.Count], seed: 7);
            return [.. Enumerable.Range(0, parts).Select(part =>
            {
                batches.Draw(part);
                var batch = batches.Batch;
                return (
                    device.Download(batch.Clean.Data),
                    device.Download(batch.Noise),
                    batch.Conditions.Augmentation is { } told ? device.Download(told.Data) : null);
            })];
        }
    }

    [Test]
    public void UVit_UnderSuchConditions_IsRefused()
    {
        Refuses(TinyOptions.Run.Diffusion with { Augment = 0.1 }, "diffusion.augment 0.1 is not for a u-vit");
        Refuses(TinyOptions.Run.Diffusion with { Dropout = 0.1 }, "diffusion.dropout 0.1 is not for a u-vit");

        static void Refuses(DiffusionOptions options, string says) => TestImages.Fails(
            FailureKind.Usage, () => GeneratorCatalog.Find("u-vit").Require(options, new ImageForm(3, 8, 3)), says);
    }

    [Test]
    public void Loss_OfMeasuredImages_IsWithoutDropout()
    {
        float[] losses = [.. new[] { 0, 0.9 }.Select(Loss)];
        Assert.That(losses[0], Is.GreaterThan(0).And.EqualTo(losses[1]));

        static float Loss(double dropout)
        {
            using var device = new HostDevice(threads: 1);
            var images = TestImages.Noise(20, classes: 3, imageSize: 8);
            var options = Options with { Dropout = dropout };
            using var generator = new ImageGenerator(device, options, new PixelSpace(images.Form), seed: 5);

            // As it starts, the network gives all but nothing, with dropout and without.
            device.CopyIn<float>([.. Enumerable.Range(0, (int)generator.Store.Values.Length).Select(i => 0.1f * MathF.Sin(i))], generator.Store.Values);
            using var loss = new GeneratorLoss(generator, options, new PixelExamples(images), new int[images.Count]);
            return (float)loss.Measure();
        }
    }

    /// <summary>On the simulator, with the launches that a card has, and in bf16: the losses of the host.</summary>
    [TestCase(Precision.Fp32, 1e-5)]
    [TestCase(Precision.Bf16, 5e-3)]
    public void Training_OnTheSimulator_HasTheLossesOfTheHost(Precision precision, double bound)
    {
        using var host = new HostDevice(threads: 1, selection: new KernelSelection()) { Precision = precision };
        using var simulator = new SimDevice(selection: new KernelSelection()) { Precision = precision };
        var expected = Metrics(host);
        Assert.That(Metrics(simulator), Is.EqualTo(expected).Within(bound * expected["train/loss"]));

        // Of the second of two updates, the one that is replayed, with weights that say something.
        static Dictionary<string, double> Metrics(Device device)
        {
            var images = TestImages.Noise(4, classes: 3, imageSize: 4);
            var options = Options with { Batch = 2, ClipNorm = 0 };
            using var generator = new ImageGenerator(device, options, new PixelSpace(images.Form), seed: 5);
            device.CopyIn<float>([.. Enumerable.Range(0, (int)generator.Store.Values.Length).Select(i => 0.1f * MathF.Sin(i))], generator.Store.Values);
            using var trainer = new DiffusionTrainer(generator, options, new PixelExamples(images), [0, 1, 2, 0], seed: 5);
            trainer.RunStep();
            trainer.TakeMetrics();
            trainer.RunStep();
            return trainer.TakeMetrics().ToDictionary(metric => metric.Name, metric => metric.Value);
        }
    }

    /// <summary>The rules of a budget were measured with a U-ViT, and say nothing of other networks.</summary>
    [Test]
    public void Budget_OfAUNet_IsRefused()
    {
        using var device = new HostDevice(threads: 1);
        var options = TinyOptions.Run with { Diffusion = TinyOptions.SongUNet };
        TestImages.Fails(
            FailureKind.Usage, () => RunPlanner.Plan(options, _ => options, Budget.Parse("20m", "--budget"), device), "a budget plans a u-vit");
    }

    private static float[] Weights(DiffusionOptions options)
    {
        using var training = TinyTraining.Generator(options);
        return [.. training.Run(options.Steps).Tensors["model"].Values.SelectMany(tensor => tensor.Values)];
    }
}
