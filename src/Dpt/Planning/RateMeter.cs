using System.Diagnostics;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>Measures what a run will do: a few real steps of the very networks, on the real images, on the device of the run.</summary>
internal static class RateMeter
{
    private const int FewestSteps = 3;
    private const int Classified = 250;
    private const int Drawn = 32;
    private const int Evaluations = 8;
    private const ulong Seed = 0;

    /// <summary>Measures.</summary>
    /// <param name="options">Networks, batches and optimisers; updates do not matter.</param>
    /// <param name="train">The training images.</param>
    /// <param name="split">The labelled ones.</param>
    /// <param name="device">Where the run will compute.</param>
    /// <param name="seconds">Time for each of the five rates; they take at least a few steps.</param>
    public static StepRates Measure(DptOptions options, ImageDataset train, LabelSplit split, Device device, double seconds)
    {
        var labelled = train.Select(split.Indices);
        using var classifier = new ImageClassifier(
            device, options.Classifier, train, NormalisationStatistics.Of(train), Seed);
        using var generator = new ImageGenerator(device, options.Diffusion, new PixelSpace(train.Form), Seed);
        return new StepRates(
            OfClassifier(options.Stage1),
            OfGenerator(),
            OfDrawing(),
            OfClassifier(options.Stage3),
            OfClassifying());

        double OfClassifier(SemiSupervisedOptions training)
        {
            using var trainer = new SemiSupervisedTrainer(
                classifier, training with { Steps = int.MaxValue }, LabelledImages.Of(labelled), train, Seed);
            return OfTraining(trainer, seconds);
        }

        double OfGenerator()
        {
            using var trainer = new DiffusionTrainer(
                generator, options.Diffusion with { Steps = int.MaxValue }, new PixelExamples(train), new int[train.Count], Seed);
            return OfTraining(trainer, seconds);
        }

        double OfDrawing()
        {
            var drawing = options.Generate with
            {
                Evaluations = Math.Min(options.Generate.Evaluations, Evaluations),
                Batch = Math.Min(options.Generate.Batch, Drawn),
            };
            using var drawer = new PseudoImageDrawer(generator, drawing, Seed);
            var batch = new ImageShard(0, 0, drawing.Batch);
            return SecondsOf(() => drawer.DrawAll(batch, CancellationToken.None), seconds) / (drawing.Batch * drawing.Evaluations);
        }

        double OfClassifying()
        {
            var images = train.Select([.. Enumerable.Range(0, Math.Min(train.Count, Classified))]);
            return SecondsOf(() => classifier.Probabilities(images), seconds) / images.Count;
        }
    }

    /// <summary>Reading the metrics waits for the device.</summary>
    private static double OfTraining(ITrainer trainer, double seconds) => SecondsOf(
        () =>
        {
            trainer.RunStep();
            trainer.TakeMetrics();
        },
        seconds);

    private static double SecondsOf(Action step, double seconds)
    {
        // The first captures the work and plans its memory, the second is the first replay.
        step();
        step();
        var (clock, steps) = (Stopwatch.StartNew(), 0);
        while (steps < FewestSteps || clock.Elapsed.TotalSeconds < seconds)
        {
            step();
            steps++;
        }

        return clock.Elapsed.TotalSeconds / steps;
    }
}
