using System.Text.Json;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// The trainer of the classifier against FreeMatch as the papers and the reference write it down, step by step in double
/// precision: which images are drawn and how they are changed, thresholds, labels, all parts of the loss, the schedule, the
/// update and the average. Only the network and the change of one image are taken from the engine.
/// </summary>
public sealed class FreeMatchTests
{
    private const ulong Seed = 5;
    private const int Classes = 3;
    private static readonly ImageDataset _labelled = TestImages.Noise(10, Classes, imageSize: 8);
    private static readonly ImageDataset _unlabelled = TestImages.Noise(40, Classes, imageSize: 8);

    /// <summary>Every setting that changes the loss or the update, away from values that hide it.</summary>
    private static readonly SemiSupervisedOptions _options = new()
    {
        Algorithm = "freematch",
        Threshold = 0.95,
        Steps = 8,
        LabelledBatch = 6,
        UnlabelledBatch = 14,
        UnlabelledWeight = 0.7,
        ThresholdMomentum = 0.8,
        FairnessWeight = 0.3,
        Optimizer = "sgd",
        LearningRate = 0.05,
        WarmUp = 3,
        WeightDecay = 0.2,
        AverageDecay = 0.35,
        ClipNorm = 0,
        Flip = true,
        CropPadding = 2,
    };

    private static readonly Dictionary<string, SemiSupervisedOptions> _cases = new()
    {
        ["all parts"] = _options,
        ["clipped"] = _options with { ClipNorm = 0.05 },
        ["AdamW"] = _options with { Optimizer = "adamw", LearningRate = 0.003, ClipNorm = 1 },
        ["no weight on the unlabelled loss"] = _options with { UnlabelledWeight = 0 },
        ["no fairness"] = _options with { FairnessWeight = 0, Flip = false },
        ["labels alone"] = _options with { UnlabelledBatch = 0 },
    };

    private static IEnumerable<string> Cases => _cases.Keys;

    [TestCaseSource(nameof(Cases))]
    public void Training_IsTheTranscription(string name)
    {
        var options = _cases[name];
        using var training = TinyTraining.Classifier(options, unlabelled: _unlabelled);
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var classifier = new ImageClassifier(
            device, TinyOptions.Run.Classifier, _labelled, NormalisationStatistics.Of(_labelled), seed: Seed);
        using var expected = new FreeMatch(classifier, options);
        for (var step = 0; step < options.Steps; step++)
        {
            var metrics = expected.Step();
            var state = training.Run(1);
            var logged = training.Trainer.TakeMetrics();
            Assert.That(logged.Select(m => m.Name), Is.EquivalentTo(metrics.Keys));
            foreach (var (metric, value) in logged)
            {
                Assert.That(value, Is.EqualTo(metrics[metric]).Within(1e-4 * (1 + Math.Abs(metrics[metric]))), $"{metric} of step {step + 1}");
            }

            RequireClose(state.Tensors["model"], expected.Transcript.Weights(), step, options.Optimizer);
            RequireClose(state.Tensors["ema"], expected.Transcript.Average, step, options.Optimizer);
            var thresholds = state.State["thresholds"].Deserialize<ThresholdState>(JsonFiles.Options)!;
            Assert.That(thresholds.Global, Is.EqualTo(expected.Tau).Within(1e-5));
            Assert.That(thresholds.ClassProbabilities, Is.EqualTo(expected.P).Within(1e-5));
            Assert.That(thresholds.ClassFrequencies, Is.EqualTo(expected.H).Within(1e-6), "floats on the device");
        }

        if (options.UnlabelledBatch > 0)
        {
            Assert.That(expected.SomeWereLeftOut, "the thresholds must leave images out, or the test says little");
        }
    }

    private static void RequireClose(
        IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)> actual,
        IReadOnlyDictionary<string, double[]> expected,
        int step,
        string optimizer)
    {
        foreach (var (name, (_, values)) in actual)
        {
            for (var i = 0; i < values.Length; i++)
            {
                // The softmax does not see a shift of the keys: their bias has no gradient but rounding, which AdamW blows up.
                if (optimizer == "adamw" && name.EndsWith("qkv.bias", StringComparison.Ordinal) && i / (values.Length / 3) == 1)
                {
                    continue;
                }

                Assert.That(
                    (double)values[i],
                    Is.EqualTo(expected[name][i]).Within(optimizer == "adamw" ? 3e-4 : 2e-5),
                    $"'{name}' [{i}] after step {step + 1}");
            }
        }
    }

    /// <summary>FreeMatch, written down anew.</summary>
    private sealed class FreeMatch : IDisposable
    {
        private readonly ImageClassifier _classifier;
        private readonly SemiSupervisedOptions _options;
        private readonly NormalisationStatistics _normalisation = NormalisationStatistics.Of(_labelled);

        public FreeMatch(ImageClassifier classifier, SemiSupervisedOptions options)
        {
            _classifier = classifier;
            _options = options;
            Transcript = new Transcript(classifier.Store);
            Tau = 1.0 / Classes;
            P = [.. Enumerable.Repeat(1.0 / Classes, Classes)];
            H = [.. Enumerable.Repeat(1.0 / Classes, Classes)];
        }

        public Transcript Transcript { get; }

        public double Tau { get; private set; }

        public double[] P { get; }

        public double[] H { get; }

        public bool SomeWereLeftOut { get; private set; }

        public Dictionary<string, double> Step()
        {
            var step = Transcript.Updates;
            var (labelledCount, unlabelledCount) = (_options.LabelledBatch, _options.UnlabelledBatch);
            var labelled = Draw(_labelled.Count, labelledCount, RunStreams.LabelledDraw);
            var unlabelled = Draw(_unlabelled.Count, unlabelledCount, RunStreams.UnlabelledDraw);
            var (labels, mask) = unlabelledCount > 0 ? LabelWeakViews(unlabelled) : ([], []);

            var views = View(_labelled, labelled, AugmentPolicy.Weak, RunStreams.LabelledView);
            var strong = unlabelledCount > 0 ? View(_unlabelled, unlabelled, AugmentPolicy.Strong, RunStreams.StrongView) : [];
            var shape = new TensorShape(labelledCount + unlabelledCount, 1, 8, 8);
            var logits = _classifier.Network.Forward(Transcript.Tape, Transcript.Fill(shape, [.. views, .. strong]));
            var scores = Transcript.ToDouble(_classifier.Store.Device.Download(logits.Data));
            double[] Row(int row) => scores[(row * Classes)..((row + 1) * Classes)];

            var gradient = new double[scores.Length];
            var (supervised, pseudo) = (0.0, 0.0);
            void CrossEntropy(int row, int label, double share, double weight, ref double loss)
            {
                var s = Transcript.Softmax(Row(row));
                loss -= share * Math.Log(s[label]);
                for (var c = 0; c < Classes; c++)
                {
                    gradient[(row * Classes) + c] += share * weight * (s[c] - (c == label ? 1 : 0));
                }
            }

            for (var row = 0; row < labelledCount; row++)
            {
                CrossEntropy(row, _labelled.Labels[labelled[row]], 1.0 / labelledCount, 1, ref supervised);
            }

            for (var row = 0; row < unlabelledCount; row++)
            {
                CrossEntropy(labelledCount + row, labels[row], mask[row] / unlabelledCount, _options.UnlabelledWeight, ref pseudo);
            }

            var metrics = new Dictionary<string, double> { ["labelled/loss"] = supervised };
            var total = supervised + (_options.UnlabelledWeight * pseudo);
            if (unlabelledCount > 0)
            {
                metrics["unlabelled/loss"] = pseudo;
                metrics["unlabelled/selected"] = mask.Sum() / unlabelledCount;
                metrics["unlabelled/threshold"] = Tau;
                SomeWereLeftOut |= mask.Contains(0);
            }

            if (unlabelledCount > 0 && _options.FairnessWeight > 0)
            {
                var strongScores = scores[(labelledCount * Classes)..];
                total += _options.FairnessWeight * (metrics["fairness/loss"] = Fairness(strongScores, strongScores, mask));
                AddFairnessGradient(strongScores, mask, gradient.AsSpan(labelledCount * Classes));
            }

            // A soft cross-entropy with the targets -G has the gradient G where the rows of G add up to 0.
            var targets = Transcript.Fill(logits.Shape, Array.ConvertAll(gradient, g => (float)-g));
            Transcript.Tape.SoftCrossEntropy(logits, targets.Data, scale: 1);
            Transcript.Tape.Backward();

            var rate = _options.LearningRate * Math.Min(1, (step + 1.0) / _options.WarmUp)
                * Math.Cos(7 * Math.PI * step / (16.0 * _options.Steps));
            metrics["train/learningRate"] = rate;
            metrics["train/loss"] = total;
            metrics["gradient/norm"] = Transcript.GradientNorm();
            if (_options.Optimizer == "sgd")
            {
                Transcript.Sgd(
                    rate, _options.WeightDecay, _options.ClipNorm, _options.AverageDecay, Transcript.DecaysInAClassifier);
            }
            else
            {
                Transcript.AdamW(
                    rate, 0.9, 0.99, _options.WeightDecay, _options.ClipNorm, _options.AverageDecay, Transcript.DecaysInAClassifier);
            }

            return metrics;
        }

        public void Dispose() => Transcript.Dispose();

        /// <summary>Independent draws with replacement.</summary>
        private int[] Draw(int count, int batch, uint stream)
        {
            var random = new PhiloxStream(Seed, stream, Transcript.Updates);
            var indices = new int[batch];
            for (var i = 0; i < batch; i++)
            {
                indices[i] = random.NextInt(count);
            }

            return indices;
        }

        private float[] View(ImageDataset images, int[] indices, AugmentPolicy policy, uint stream) => Transcript.Views(
            images, indices, policy, _options.Flip, _options.CropPadding, Seed, stream,
            (long)Transcript.Updates * indices.Length, _normalisation);

        /// <summary>The averages follow the weak views, then the same views are labelled and masked.</summary>
        private (int[] Labels, double[] Mask) LabelWeakViews(int[] unlabelled)
        {
            var weak = View(_unlabelled, unlabelled, AugmentPolicy.Weak, RunStreams.WeakView);
            var logits = Transcript.Tape.WithoutGradient(() => _classifier.Network.Forward(
                Transcript.Tape, Transcript.Fill(new TensorShape(unlabelled.Length, 1, 8, 8), weak)));
            var q = Transcript.ToDouble(_classifier.Store.Device.Download(logits.Data))
                .Chunk(Classes).Select(row => Transcript.Softmax(row)).ToArray();
            Transcript.Tape.Reset();
            var labels = q.Select(row => Array.IndexOf(row, row.Max())).ToArray();
            double Follow(double past, double present) =>
                (_options.ThresholdMomentum * past) + ((1 - _options.ThresholdMomentum) * present);
            Tau = Follow(Tau, q.Average(row => row.Max()));
            for (var c = 0; c < Classes; c++)
            {
                P[c] = Follow(P[c], q.Average(row => row[c]));
                H[c] = Follow(H[c], labels.Count(label => label == c) / (double)labels.Length);
            }

            var mask = q.Select((row, b) => row[labels[b]] >= Tau * P[labels[b]] / P.Max() ? 1.0 : 0.0).ToArray();
            return (labels, mask);
        }

        /// <summary>The term at some scores, the histogram of predictions kept as it is at others.</summary>
        private double Fairness(double[] scores, double[] predictionsOf, double[] mask)
        {
            double[][] Selected(double[] z) =>
                [.. z.Chunk(Classes).Where((_, row) => mask[row] != 0).Select(row => Transcript.Softmax(row))];
            var (s, predicted) = (Selected(scores), Selected(predictionsOf));
            if (s.Length == 0)
            {
                return 0;
            }

            double[] Normalised(IEnumerable<double> quotients)
            {
                var finite = quotients.Select(x => double.IsFinite(x) ? x : 0).ToArray();
                return [.. finite.Select(x => x / finite.Sum())];
            }

            var classes = Enumerable.Range(0, Classes).ToArray();
            var a = Normalised(classes.Select(c => P[c] / H[c]));
            var b = Normalised(classes.Select(
                c => s.Average(row => row[c]) / predicted.Average(row => Array.IndexOf(row, row.Max()) == c ? 1.0 : 0.0)));
            return classes.Sum(c => a[c] * Math.Log(b[c] + 1e-12));
        }

        private void AddFairnessGradient(double[] scores, double[] mask, Span<double> gradient)
        {
            const double Difference = 1e-5;
            for (var i = 0; i < scores.Length; i++)
            {
                double At(double shift)
                {
                    double[] shifted = [.. scores];
                    shifted[i] += shift;
                    return Fairness(shifted, scores, mask);
                }

                gradient[i] += _options.FairnessWeight * (At(Difference) - At(-Difference)) / (2 * Difference);
            }
        }
    }
}
