using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// The loss of a generator on some images: always the same ones, at the same times, with the same noises, each with its label. On images
/// that it has not learned from, it falls for as long as training helps; that on images that it has learned from falls on where it
/// learns them by heart.
/// </summary>
internal sealed class GeneratorLoss : IDisposable
{
    /// <summary>Losses that are averaged: of as many images, spread over the set, or of fewer several times.</summary>
    public const int Images = 256;

    /// <summary>Images that the network sees together: few, beside the memory that training holds.</summary>
    public const int Batch = 16;

    private const ulong Seed = 0;

    private readonly ImageGenerator _generator;
    private readonly DiffusionBatches _batches;

    /// <summary>Prepares to measure.</summary>
    /// <param name="generator">The generator.</param>
    /// <param name="options">Its training.</param>
    /// <param name="images">The images.</param>
    /// <param name="labels">The label of each.</param>
    public GeneratorLoss(ImageGenerator generator, DiffusionOptions options, IExamples images, int[] labels)
    {
        _generator = generator;
        var chosen = Chosen(images.Count);
        _batches = new DiffusionBatches(
            generator,
            options with { Batch = Batch, Accumulation = 1, LabelDropout = 0, Augment = 0, Flip = false },
            images.Select(chosen),
            [.. chosen.Select(i => labels[i])],
            Seed);
    }

    /// <summary>The mean loss with the present weights.</summary>
    public double Measure()
    {
        const int Parts = Images / Batch;
        using var tape = new Tape(_generator.Store.Device);
        var sum = 0.0;
        for (var part = 0; part < Parts; part++)
        {
            _batches.Draw(part);
            var losses = tape.WithoutGradient(() => _generator.Losses(tape, _batches.Batch, scale: 1, isTraining: false));
            sum += tape.Device.Download(losses.Data).Average(loss => (double)loss);
            tape.Reset();
        }

        return sum / Parts;
    }

    /// <summary>Which of so many images are measured on.</summary>
    public static int[] Chosen(int images)
    {
        var count = Math.Min(Images, images);
        return [.. Enumerable.Range(0, count).Select(i => (int)((long)i * images / count))];
    }

    public void Dispose() => _batches.Dispose();
}
