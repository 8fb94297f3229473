using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;
using ScalarType = TorchSharp.torch.ScalarType;

namespace Differential.Tests;

/// <summary>
/// Whole steps of FreeMatch's training of its own network, as its official code does them: one pass of all views in training mode,
/// thresholds that move before they are used, no fairness term, SGD with Nesterov momentum and decay by name. PyTorch is given the views.
/// </summary>
public sealed class TorchFreeMatchTests
{
    private const int Steps = 3, Classes = 3, Blocks = 1, Side = 8;
    private const ulong Seed = 5;

    private static readonly ClassifierOptions _network =
        new() { Network = "wrn", PatchSize = 1, Width = 4, Depth = (6 * Blocks) + 4, Heads = 1, MlpRatio = 1 };

    private static readonly SemiSupervisedOptions _options = new()
    {
        Algorithm = "freematch",
        Steps = 8,
        LabelledBatch = 5,
        UnlabelledBatch = 9,
        UnlabelledWeight = 0.7,
        Threshold = 0.95,
        ThresholdMomentum = 0.6,
        FairnessWeight = 0,
        Optimizer = "sgd",
        LearningRate = 0.03,
        WarmUp = 0,
        WeightDecay = 0.05,
        AverageDecay = 0.999,
        ClipNorm = 0,
        Flip = true,
        CropPadding = 2,
    };

    [Test]
    public void Training_OfTheWideResNet_LikeTorch()
    {
        using var device = new HostDevice(threads: 2, selection: new KernelSelection());
        var (labelled, unlabelled) = (Noise(7, seed: 1), Noise(30, seed: 2));
        using var classifier = new ImageClassifier(device, _network, labelled, NormalisationStatistics.Of(labelled), Seed);
        using var trainer = new SemiSupervisedTrainer(classifier, _options, LabelledImages.Of(labelled), unlabelled, Seed);
        using var batches = new ClassifierBatches(classifier, _options, LabelledImages.Of(labelled), unlabelled, Seed);
        var steps = Enumerable.Range(0, Steps).Select(step => ViewsOf(batches, device, step)).ToList();
        var truth = RunTorch(classifier.Store, steps, ScalarType.Float64);
        var library = RunTorch(classifier.Store, steps, ScalarType.Float32);
        for (var step = 0; step < Steps; step++)
        {
            trainer.RunStep();
        }

        Assert.That(truth.Shares, Has.Some.GreaterThan(0).And.Some.LessThan(1), "thresholds that select");
        Assert.That(trainer.TakeMetrics().Single(m => m.Name == "unlabelled/selected").Value, Is.EqualTo(truth.Shares.Average()).Within(1e-6));
        Assert.That(trainer.TakeMetrics(), Is.Empty);
        var actual = classifier.Store.Export(classifier.Store.Values);
        Assert.Multiple(() =>
        {
            foreach (var (name, expected) in truth.State)
            {
                var tolerance = new Tolerance { Terms = Steps * 64 };
                tolerance = tolerance with
                {
                    LibraryError = ErrorStats.Compare(library.State[name], expected, tolerance).MaxError,
                    Factor = Tolerance.Backward,
                };
                var stats = ErrorStats.Compare([.. actual[name].Values.Select(v => (double)v)], expected, tolerance);
                Assert.That(stats.Holds, Is.True, $"'{name}': {stats} (PyTorch's error {tolerance.LibraryError:g3})");
            }
        });
    }

    /// <summary>The views of a step as the reference has them in a row: labelled, weak, strong.</summary>
    private static (float[] Views, long[] Labels) ViewsOf(ClassifierBatches batches, Device device, int step)
    {
        batches.Draw(step);
        var (few, elements) = (_options.LabelledBatch, (int)batches.Batch.Views.Shape.Count);
        var (views, weak) = (device.Download(batches.Batch.Views.Data), device.Download(batches.Batch.WeakViews!.Data));
        var split = elements / (few + _options.UnlabelledBatch) * few;
        var labels = device.Download(batches.Batch.Labels.Range(0, few)).Select(label => (long)label);
        return ([.. views[..split], .. weak, .. views[split..]], [.. labels]);
    }

    private static (Dictionary<string, double[]> State, List<double> Shares) RunTorch(
        ParameterStore store, List<(float[] Views, long[] Labels)> steps, ScalarType type)
    {
        using var scope = torch.NewDisposeScope();
        var p = new TorchParameters(store, type);
        var (few, many) = (_options.LabelledBatch, _options.UnlabelledBatch);
        bool Decays(string name) => !name.Contains("bn", StringComparison.Ordinal) && !name.Contains("bias", StringComparison.Ordinal);
        torch.optim.Optimizer[] optimizers =
        [
            .. new[] { true, false }.Select(decays => torch.optim.SGD(
                store.Parameters.Where(parameter => Decays(parameter.Name) == decays).Select(parameter => p.Leaf(parameter.Name)),
                _options.LearningRate, momentum: 0.9, weight_decay: decays ? _options.WeightDecay : 0, nesterov: true)),
        ];
        var (tau, shares) = (torch.full(1, 1.0 / Classes, type), new List<double>());
        var averages = torch.full(Classes, 1.0 / Classes, type);
        foreach (var (step, (views, labels)) in steps.Index())
        {
            var logits = TorchModules.WideResNet(p, Blocks, p.Constant(views, few + (2 * many), 3, Side, Side), isTraining: true);
            var probabilities = F.softmax(logits.narrow(0, few, many).detach(), -1);
            var (confidences, classes) = probabilities.max(-1);
            tau = (_options.ThresholdMomentum * tau) + ((1 - _options.ThresholdMomentum) * confidences.mean());
            averages = (_options.ThresholdMomentum * averages) + ((1 - _options.ThresholdMomentum) * probabilities.mean([0]));
            var mask = confidences.ge((tau * averages / averages.max()).index_select(0, classes)).to_type(type);
            shares.Add(mask.to_type(ScalarType.Float64).mean().item<double>());
            var loss = F.cross_entropy(logits.narrow(0, 0, few), torch.tensor(labels))
                + (_options.UnlabelledWeight * (mask * F.cross_entropy(logits.narrow(0, few + many, many), classes, reduction: torch.nn.Reduction.None)).mean());
            foreach (var optimizer in optimizers)
            {
                optimizer.zero_grad();
            }

            loss.backward();
            foreach (var optimizer in optimizers)
            {
                foreach (var group in optimizer.ParamGroups)
                {
                    group.LearningRate = _options.LearningRate * Math.Cos(7 * Math.PI * step / (16 * _options.Steps));
                }

                optimizer.step();
            }
        }

        return (
            store.Parameters.Select(parameter => (parameter.Name, TorchParameters.Read(p[parameter.Name]))).Concat(p.Buffers())
                .ToDictionary(tensor => tensor.Item1, tensor => tensor.Item2),
            shares);
    }

    private static ImageDataset Noise(int count, int seed)
    {
        var pixels = new byte[count * 3 * Side * Side];
        new Random(seed).NextBytes(pixels);
        return new ImageDataset(
            "noise", ["a", "b", "c"], 3, Side, pixels, [.. Enumerable.Range(0, count).Select(i => i % Classes)]);
    }
}
