using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>A generator learns with dropout, and neither draws nor is measured with it.</summary>
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
            using var generator = new ImageGenerator(device, options, images, seed: 5);
            using var loss = new GeneratorLoss(generator, options, images, new int[images.Count]);
            return (float)loss.Measure();
        }
    }

    private static float[] Weights(DiffusionOptions options)
    {
        using var training = TinyTraining.Generator(options);
        return [.. training.Run(options.Steps).Tensors["model"].Values.SelectMany(tensor => tensor.Values)];
    }
}
