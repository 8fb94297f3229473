using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Training, labelling and sampling know no network by name: those here are in no catalogue.</summary>
public sealed class OwnNetworkTests
{
    private const int Classes = 3;

    private static readonly ImageDataset _images = TestImages.Noise(40, Classes, imageSize: 8);

    [Test]
    public void Classifier_OfOnesOwn_IsTrainedAndLabels()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var classifier = new ImageClassifier(
            device, store => new Perceptron(store, _images.Form), NormalisationStatistics.Of(_images), seed: 1);
        using (var trainer = new SemiSupervisedTrainer(
            classifier, TinyOptions.Run.Stage1 with { Steps = 200, LabelledBatch = 20, UnlabelledWeight = 0.1, LearningRate = 0.02, CropPadding = 0 }, LabelledImages.Of(_images), _images, seed: 1))
        {
            while (trainer.Step < trainer.TotalSteps)
            {
                trainer.RunStep();
            }
        }

        Assert.That(classifier.Evaluate(_images).Accuracy, Is.GreaterThan(0.9), "noise is learned by heart");
        Assert.That(classifier.Features(_images), Has.Length.EqualTo(40 * Perceptron.Width));
    }

    [Test]
    public void Generator_OfOnesOwn_IsTrainedAndDrawn()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var generator = new ImageGenerator(device, store => new Painter(store, _images.Form), TinyOptions.Run.Diffusion, new PixelSpace(_images.Form), seed: 1);
        var (first, last) = (0.0, 0.0);
        using (var trainer = new DiffusionTrainer(
            generator, TinyOptions.Run.Diffusion with { Steps = 60, LearningRate = 0.02 }, new PixelExamples(_images), _images.Labels, seed: 1))
        {
            while (trainer.Step < trainer.TotalSteps)
            {
                trainer.RunStep();
                last = trainer.TakeMetrics().Single(metric => metric.Name == "train/loss").Value;
                first = trainer.Step == 1 ? last : first;
            }
        }

        Assert.That(last, Is.LessThan(0.9 * first));
        using var drawer = new PseudoImageDrawer(generator, TinyOptions.Run.Generate, seed: 1);
        Assert.That(drawer.DrawAll(new ImageShard(1, 0, 3), default), Has.Length.EqualTo(3 * 64));
    }

    [Test]
    public void Catalogues_NameWhatTheyHave()
    {
        Assert.That(ClassifierCatalog.Kinds.Select(kind => kind.Name), Is.Unique);
        Assert.That(GeneratorCatalog.Kinds.Select(kind => kind.Name), Is.Unique);
        TestImages.Fails(FailureKind.Usage, () => ClassifierCatalog.Find("none"), "unknown classifier 'none'; there are vit, resnet, wrn");
        TestImages.Fails(FailureKind.Usage, () => GeneratorCatalog.Find("none"), "unknown generator 'none'; there are u-vit, songunet");
    }

    /// <summary>One patch as large as the image, a norm and a layer: the smallest network that the tape can compose.</summary>
    private sealed class Perceptron : IClassifier
    {
        public const int Width = 24;

        private readonly PatchEmbedOp.Parts _hidden;
        private readonly LayerNorm _norm;
        private readonly Linear _scores;

        public Perceptron(ParameterStore store, ImageForm form)
        {
            Classes = form.Classes;
            var root = new ParameterScope(store);
            _hidden = new PatchEmbedOp.Parts(
                root.Add("hidden.weight", new TensorShape(Width, form.Channels, form.Side, form.Side), Initializer.FanIn(form.Elements)),
                root.Add("hidden.bias", new TensorShape(Width), Initializer.Zero),
                root.Add("position", new TensorShape(1, 1, Width), Initializer.Zero));
            _norm = new LayerNorm(root["norm"], Width, 1e-6f);
            _scores = new Linear(root["scores"], Width, form.Classes, Initializer.FanIn(Width), Initializer.Zero);
        }

        public int Classes { get; }

        public int FeatureWidth => Width;

        public Tensor Features(Tape tape, Tensor images) => _norm.ForwardFirstToken(tape, tape.PatchEmbed(images, _hidden));

        public Tensor Forward(Tape tape, Tensor images) => _scores.Forward(tape, Features(tape, images));
    }

    /// <summary>A layer between the pixels of a patch and those that it predicts, with the label and the time beside them.</summary>
    private sealed class Painter : IGenerator
    {
        private const int Width = 32;

        private readonly ImageForm _form;
        private readonly PatchEmbedOp.Parts _embedding;
        private readonly Linear _pixels;

        public Painter(ParameterStore store, ImageForm form)
        {
            _form = form;
            var (root, grid) = (new ParameterScope(store), Grid(1));
            _embedding = new PatchEmbedOp.Parts(
                root.Add("patch.weight", new TensorShape(Width, form.Channels, 4, 4), Initializer.FanIn(grid.PatchElements)),
                root.Add("patch.bias", new TensorShape(Width), Initializer.Zero),
                root.Add("position", new TensorShape(1, grid.Tokens, Width), Initializer.Zero),
                root.Add("labels", new TensorShape(form.Classes + 1, Width), Initializer.Normal(1)));
            _pixels = new Linear(root["pixels"], Width, grid.PatchElements, Initializer.FanIn(Width), Initializer.Zero);
        }

        public int NullClass => _form.Classes;

        public Tensor Forward(Tape tape, Tensor images, Slice<float> times, Slice<int> labels) => tape.Unpatchify(
            _pixels.Forward(tape, tape.PatchEmbed(images, _embedding, labels, times)), Grid(images.Shape[0]));

        private PatchGrid Grid(int batch) => new(batch, _form.Channels, _form.Side, 4, 2);
    }
}
