using System.Diagnostics;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// What the steps of a run cost: a few real ones of the very networks, on the device of the run, measured on the real images or counted.
/// </summary>
internal static class RateMeter
{
    private const int FewestSteps = 3;
    private const int Classified = 250;
    private const int Drawn = 32;

    // Where they take time; those that are guided cost twice, so a count looks at all of them.
    private const int Evaluations = 8;
    private const ulong Seed = 0;

    /// <summary>Measures seconds.</summary>
    /// <param name="options">Networks, batches and optimisers; updates do not matter.</param>
    /// <param name="train">The training images.</param>
    /// <param name="split">The labelled ones.</param>
    /// <param name="device">Where the run will compute.</param>
    /// <param name="seconds">Time for each of the five rates; they take at least a few steps.</param>
    public static StepRates Measure(DptOptions options, ImageDataset train, LabelSplit split, Device device, double seconds) =>
        OfNetworks(options, train, split, device, new PixelSpace(train.Form), new PixelExamples(train), Evaluations, step => SecondsOf(step, seconds));

    /// <summary>Counts without computing.</summary>
    /// <param name="plan">The run.</param>
    /// <param name="device">Stands for the device of the run.</param>
    /// <param name="counter">What is counted: operations so far, or seconds.</param>
    public static StepRates Count(DptPlan plan, CountingDevice device, Func<double> counter)
    {
        var (options, train) = (plan.Options, plan.Data.Train);
        return OfNetworks(options, train, plan.Split, device, new PixelSpace(plan.Seen), new BlankExamples(train.Count), int.MaxValue, CountOf);

        double CountOf(Action step)
        {
            var before = counter();
            step();
            return counter() - before;
        }
    }

    private static StepRates OfNetworks(
        DptOptions options, ImageDataset train, LabelSplit split, Device device, PixelSpace space, IExamples examples, int mostEvaluations, Func<Action, double> costOf)
    {
        using var generator = new ImageGenerator(device, options.Diffusion, space, Seed);
        var (update, draw) = (OfGenerator(), OfDrawing());
        if (options.Probe.IsUsed)
        {
            return new StepRates(0, update, draw, 0, OfFrozenFeatures());
        }

        var labelled = train.Select(split.Indices);
        using var classifier = new ImageClassifier(
            device, options.Classifier, train, NormalisationStatistics.Of(train), Seed);
        return new StepRates(OfClassifier(options.Stage1), update, draw, OfClassifier(options.Stage3), OfClassifying(images => classifier.Probabilities(images)));

        double OfClassifier(SemiSupervisedOptions training)
        {
            using var trainer = new SemiSupervisedTrainer(
                classifier, training with { Steps = int.MaxValue }, LabelledImages.Of(labelled), train, Seed);
            return OfTraining(trainer);
        }

        double OfGenerator()
        {
            using var trainer = new DiffusionTrainer(
                generator, options.Diffusion with { Steps = int.MaxValue }, examples, new int[train.Count], Seed);
            return OfTraining(trainer);
        }

        // Reading the metrics waits for the device.
        double OfTraining(ITrainer trainer) => costOf(() =>
        {
            trainer.RunStep();
            trainer.TakeMetrics();
        });

        double OfDrawing()
        {
            var drawing = options.Generate with
            {
                Evaluations = Math.Min(options.Generate.Evaluations, mostEvaluations),
                Batch = Math.Min(options.Generate.Batch, Drawn),
            };
            using var drawer = new PseudoImageDrawer(generator, drawing, Seed);
            var batch = new ImageShard(0, 0, drawing.Batch);
            return costOf(() => drawer.DrawAll(batch, CancellationToken.None)) / (drawing.Batch * drawing.Evaluations);
        }

        double OfClassifying(Func<ImageDataset, float[]> classify)
        {
            var images = train.Select([.. Enumerable.Range(0, Math.Min(train.Count, Classified))]);
            return costOf(() => classify(images)) / images.Count;
        }

        // A network that ONNX Runtime computes is not ours to count.
        double OfFrozenFeatures()
        {
            var recipe = FeatureRecipe.Of(options.Probe);
            if (!Directory.Exists(recipe.Network))
            {
                return 0;
            }

            using var features = FrozenNetwork.Open(recipe, train.Form, device);
            return OfClassifying(images => features.Features(images, CancellationToken.None));
        }
    }

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

    /// <summary>As many images as there are, of which nobody looks at the numbers.</summary>
    private sealed class BlankExamples(int count) : IExamples, IExampleBatches
    {
        public int Count => count;

        public IExamples Select(ReadOnlySpan<int> indices) => new BlankExamples(indices.Length);

        public IExampleBatches Batches(ImageGenerator generator, bool flip, ulong seed) => this;

        public void Choose(BatchSampler order, long step, Span<int> indices) => order.Draw(step, indices);

        public void Draw(Slice<float> batch, Slice<int> indices)
        {
        }

        public void Dispose()
        {
        }
    }
}
