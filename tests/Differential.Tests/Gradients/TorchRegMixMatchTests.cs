using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;
using ScalarType = TorchSharp.torch.ScalarType;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>
/// Whole steps of RegMixMatch as its official variant for USB does them: a pass of all views, then one of the labelled views and the certain
/// strong ones, of which each has another, cut, resized by <c>interpolate</c>, in a box. PyTorch is given views, boxes and orders.
/// </summary>
public sealed class TorchRegMixMatchTests
{
    private const int Steps = 3, Classes = 3, Side = 12;
    private const ulong Seed = 5;

    private static readonly ClassifierOptions _wide =
        new() { Network = "wrn", PatchSize = 1, Width = 4, Depth = 10, Heads = 1, MlpRatio = 1 };

    private static readonly SemiSupervisedOptions _options = new()
    {
        Algorithm = "regmixmatch",
        Steps = 8,
        LabelledBatch = 5,
        UnlabelledBatch = 9,
        UnlabelledWeight = 0.7,
        Threshold = 0.95,
        ThresholdMomentum = 0.6,
        FairnessWeight = 0,
        Optimizer = "sgd",
        LearningRate = 0.001,
        WarmUp = 0,
        WeightDecay = 0.05,
        AverageDecay = 0.999,
        ClipNorm = 0,
        Flip = true,
        CropPadding = 2,
    };

    /// <summary>
    /// The official batch is of those images that are mixed. So it is here for the networks in which an image's scores are its own; for the
    /// other, which normalises by the batch, PyTorch is given the batch that is filled up, which is the official one where all are certain.
    /// </summary>
    [TestCase("wrn", 6f)]
    [TestCase("wrn", 1000f)]
    [TestCase("resnet", 8f)]
    [TestCase("vit", 8f)]
    public void Training_LikeTorch(string network, float certainty)
    {
        using var device = new HostDevice(threads: 2, selection: new KernelSelection());
        var options = network == "wrn" ? _wide : _wide with { Network = network, PatchSize = 4, Width = 8, Depth = 1, Heads = 2, MlpRatio = 2 };
        var (labelled, unlabelled) = (Noise(7, seed: 1), Noise(30, seed: 2));
        using var classifier = new ImageClassifier(device, options, labelled, NormalisationStatistics.Of(labelled), Seed);
        BeCertain(classifier, certainty);
        using var trainer = new SemiSupervisedTrainer(classifier, _options, LabelledImages.Of(labelled), unlabelled, Seed);
        using var batches = new ClassifierBatches(classifier, _options, LabelledImages.Of(labelled), unlabelled, Seed);
        var views = Enumerable.Range(0, Steps).Select(step => ViewsOf(batches, device, step)).ToList();
        var truth = new Transcription(classifier, options, views, ScalarType.Float64);
        var library = new Transcription(classifier, options, views, ScalarType.Float32);
        for (var step = 0; step < Steps; step++)
        {
            trainer.RunStep();
        }

        TestContext.Out.WriteLine($"mixed: {string.Join(", ", truth.Mixed)} of {_options.UnlabelledBatch}");
        Assert.That(
            truth.Mixed, certainty < 100 ? Has.Some.InRange(1, _options.UnlabelledBatch - 1) : Has.All.EqualTo(_options.UnlabelledBatch));
        Assert.That(
            trainer.TakeMetrics().Single(m => m.Name == "mixed/loss").Value, Is.EqualTo(truth.Losses.Average()).Within(1e-5 * truth.Losses.Average()));
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

    /// <summary>Every size that a box can have, of sides around whole and odd middles, held against <c>interpolate</c> of what is cut out.</summary>
    [Test]
    public void Resizing_TakesThePixelsThatInterpolateDoes()
    {
        using var scope = torch.NewDisposeScope();
        foreach (var side in new[] { 8, 12, 27, 32, 33, 64, 96 })
        {
            var middle = (int)(side * 0.9);
            var places = torch.arange(side, ScalarType.Float32).narrow(0, (side - middle) / 2, middle).reshape(1, 1, 1, middle);
            var (lines, columns) = (new int[side], new int[side]);
            for (var size = 1; size <= side; size++)
            {
                new ResizeMixBox(Left: side - size, Top: 0, Right: side, Bottom: size).Resize(lines, columns);
                var expected = F.interpolate(places, [1, size], mode: torch.InterpolationMode.Nearest).data<float>().Select(p => (int)p).ToArray();
                Assert.That(lines[..size], Is.EqualTo(expected), $"{size} of {side}");
                Assert.That(columns[(side - size)..], Is.EqualTo(expected), $"{size} of {side}");
                Assert.That(lines[size..].Concat(columns[..(side - size)]), Is.All.EqualTo(-1), $"{size} of {side}");
            }
        }
    }

    /// <summary>Scores so far apart that the network is certain of some images.</summary>
    private static void BeCertain(ImageClassifier classifier, float certainty)
    {
        var head = classifier.Store["fc.weight"];
        var random = new Random(3);
        classifier.Store.Device.CopyIn<float>(
            [.. Enumerable.Range(0, (int)head.Shape.Count).Select(_ => certainty * ((2 * random.NextSingle()) - 1))], head.Data);
    }

    /// <summary>The views of a step: labelled, strong and weak ones, with the labels of the first.</summary>
    private static (float[] Views, long[] Labels) ViewsOf(ClassifierBatches batches, Device device, int step)
    {
        batches.Draw(step);
        return (
            device.Download(batches.Batch.AllViews.Data),
            [.. device.Download(batches.Batch.Labels.Range(0, _options.LabelledBatch)).Select(label => (long)label)]);
    }

    private static ImageDataset Noise(int count, int seed)
    {
        var pixels = new byte[count * 3 * Side * Side];
        new Random(seed).NextBytes(pixels);
        return new ImageDataset(
            "noise", ["a", "b", "c"], 3, Side, pixels, [.. Enumerable.Range(0, count).Select(i => i % Classes)]);
    }

    /// <summary>The official training.</summary>
    private sealed class Transcription
    {
        private readonly ScalarType _type;
        private readonly TorchParameters _p;
        private readonly ClassifierOptions _network;
        private readonly int _few = _options.LabelledBatch, _many = _options.UnlabelledBatch;

        public Transcription(ImageClassifier classifier, ClassifierOptions network, List<(float[] Views, long[] Labels)> steps, ScalarType type)
        {
            using var scope = torch.NewDisposeScope();
            var store = classifier.Store;
            (_type, _network, _p) = (type, network, new TorchParameters(store, type));
            torch.optim.Optimizer[] optimizers =
            [
                .. new[] { true, false }.Select(decays => torch.optim.SGD(
                    store.Parameters.Where(p => p.Decays == decays).Select(p => _p.Leaf(p.Name)),
                    _options.LearningRate, momentum: 0.9, weight_decay: decays ? _options.WeightDecay : 0, nesterov: true)),
            ];
            var (tau, averages) = (torch.full(1, 1.0 / Classes, type), torch.full(Classes, 1.0 / Classes, type));
            foreach (var (step, (numbers, labels)) in steps.Index())
            {
                var views = _p.Constant(numbers, _few + (2 * _many), 3, Side, Side);
                var logits = Scores(views);
                var (confidences, classes) = F.softmax(logits.narrow(0, _few + _many, _many).detach(), -1).max(-1);
                tau = (_options.ThresholdMomentum * tau) + ((1 - _options.ThresholdMomentum) * confidences.mean());
                averages = (_options.ThresholdMomentum * averages)
                    + ((1 - _options.ThresholdMomentum) * F.softmax(logits.narrow(0, _few + _many, _many).detach(), -1).mean([0]));
                var mask = confidences.ge((tau * averages / averages.max()).index_select(0, classes)).to_type(type);
                var mixed = MixedLoss(step, views, torch.cat([torch.tensor(labels), classes]), confidences);
                Losses.Add(mixed.to_type(ScalarType.Float64).item<double>());
                var loss = F.cross_entropy(logits.narrow(0, 0, _few), torch.tensor(labels))
                    + (_options.UnlabelledWeight * (mask * F.cross_entropy(logits.narrow(0, _few, _many), classes, reduction: torch.nn.Reduction.None)).mean())
                    + mixed;
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

            State = store.Parameters.Select(p => (p.Name, TorchParameters.Read(_p[p.Name]))).Concat(_p.Buffers())
                .ToDictionary(tensor => tensor.Item1, tensor => tensor.Item2);
        }

        public Dictionary<string, double[]> State { get; }

        public List<double> Losses { get; } = [];

        /// <summary>Unlabelled images that were mixed, by step.</summary>
        public List<int> Mixed { get; } = [];

        private TorchTensor MixedLoss(int step, TorchTensor views, TorchTensor labels, TorchTensor confidences)
        {
            var all = _few + _many;
            long[] certain = [.. confidences.ge(0.99).data<bool>().Index().Where(image => image.Item).Select(image => (long)image.Index)];
            Mixed.Add(certain.Length);
            long[] rows = [.. Enumerable.Range(0, _few).Select(row => (long)row), .. certain.Select(image => _few + image)];
            var images = views.index_select(0, torch.tensor(rows));
            var targets = torch.eye(Classes, dtype: _type).index_select(0, labels.index_select(0, torch.tensor(rows)));

            // The order of all rows, without those that are not there, is an order of the others.
            var order = new int[all];
            BatchSampler.Shuffled(all, Seed, RunStreams.MixOrder).Draw(step, order);
            var others = torch.tensor(order.Select(row => (long)Array.IndexOf(rows, row)).Where(row => row >= 0).ToArray());
            var box = ResizeMixBox.Draw(Seed, step, Side);
            var (width, height) = (box.Right - box.Left, box.Bottom - box.Top);
            var lambda = 1 - (width * height / (double)(Side * Side));
            const int Middle = (int)(Side * 0.9), Start = (Side - Middle) / 2;
            var small = F.interpolate(
                images.index_select(0, others).narrow(2, Start, Middle).narrow(3, Start, Middle), [height, width], mode: torch.InterpolationMode.Nearest);
            images.narrow(2, box.Top, height).narrow(3, box.Left, width).copy_(small);
            targets = (lambda * targets) + ((1 - lambda) * targets.index_select(0, others));
            if (_network.Network != "wrn")
            {
                return Loss(Scores(images), targets);
            }

            var filled = Enumerable.Range(0, all).Select(row => (long)row * rows.Length / all).ToArray();
            var scores = Scores(images.index_select(0, torch.tensor(filled)));
            return Loss(
                scores.index_select(0, torch.tensor(Enumerable.Range(0, rows.Length).Select(pair => (long)Array.IndexOf(filled, pair)).ToArray())), targets);
        }

        private TorchTensor Loss(TorchTensor logits, TorchTensor targets) => -(targets * F.log_softmax(logits, 1)).sum() / _many;

        private TorchTensor Scores(TorchTensor images) => _network.Network switch
        {
            "wrn" => TorchModules.WideResNet(_p, blocks: 1, images, isTraining: true),
            "vit" => TorchModules.VisionTransformer(_p, _network, images),
            _ => TorchModules.ResidualNetwork(_p, images, stages: 1, _network.Depth),
        };
    }
}
