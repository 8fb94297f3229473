using DPT.Engine.Autograd;
using DPT.Engine.Kernels;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Tensor = DPT.Engine.Autograd.Tensor;

namespace DPT.Engine.Dpt.Tests;

/// <summary>What ONNX Runtime computes from a file of ours is what the network computes here, for batches of any size.</summary>
public sealed class OnnxExportTests
{
    private const int Side = 12, Classes = 3;

    private HostDevice _device = null!;
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => (_device, _folder) = (new HostDevice(threads: 2), new TemporaryFolder());

    [TearDown]
    public void TearDown()
    {
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory");
        _device.Dispose();
        _folder.Dispose();
    }

    private static IEnumerable<TestCaseData> Classifiers()
    {
        var vit = TinyOptions.Run.Classifier with { PatchSize = 3, Width = 18, Depth = 2, Heads = 3, MlpRatio = 3 };
        yield return new TestCaseData(vit, 3, 1).SetArgDisplayNames("ViT, three channels");
        yield return new TestCaseData(vit with { PatchSize = 12 }, 1, 5).SetArgDisplayNames("ViT of one patch");
        var residual = vit with { Network = "resnet", PatchSize = 1, Width = 6 };
        yield return new TestCaseData(residual, 3, 2).SetArgDisplayNames("residual network, two stages");
        yield return new TestCaseData(residual with { PatchSize = 4 }, 1, 7).SetArgDisplayNames("residual network, one stage of patches");
        yield return new TestCaseData(TinyOptions.WideResNet, 3, 4).SetArgDisplayNames("wide residual network");
        yield return new TestCaseData(TinyOptions.WideResNet with { Width = 16, Depth = 16 }, 1, 1).SetArgDisplayNames("wide residual network, deeper");
    }

    [TestCaseSource(nameof(Classifiers))]
    public void Classifier_InOnnxRuntime_GivesTheSameProbabilities(object options, int channels, int count)
    {
        var images = Images(channels, count);
        using var classifier = Classifier((ClassifierOptions)options, images);
        OnnxExport.Save(classifier, _folder["c.onnx"]);
        using var session = new InferenceSession(_folder["c.onnx"]);
        var results = Run(session, NamedOnnxValue.CreateFromTensor("images", Pixels(images)));
        Assert.That(results.Keys, Is.EquivalentTo(["logits", "probabilities"]));
        var expected = classifier.Probabilities(images);
        Assert.That(expected, Is.All.LessThan(0.999f), "probabilities that say something");
        RequireLike(results["probabilities"], expected, [count, Classes]);
        var metadata = session.ModelMetadata;
        Assert.That((metadata.ProducerName, metadata.CustomMetadataMap["classNames"]), Is.EqualTo(("DPT.Engine", """["a","b \u0022","c"]""")));
        Assert.That(session.InputMetadata["images"].SymbolicDimensions[0], Is.EqualTo("batch"));
    }

    [TestCase(1, true, "noise")]
    [TestCase(3, false, "velocity")]
    [TestCase(3, true, "data")]
    public void Generator_InOnnxRuntime_GivesTheSamePrediction(int channels, bool convolution, string prediction)
    {
        var options = TinyOptions.Run.Diffusion with { PatchSize = 3, Width = 12, Depth = 4, Heads = 3, Convolution = convolution, Prediction = prediction, MlpTimeEmbed = prediction == "data" };
        RequireSamePrediction(options, channels, times: [0, 3.5f, 500, 999]);
    }

    /// <summary>Group norms, attention, halved and doubled images, a time that is told as ln(sigma)/4.</summary>
    [TestCase(3, "1:2", 8)]
    [TestCase(1, "2:1:1", 4)]
    public void SongUNet_InOnnxRuntime_GivesTheSamePrediction(int channels, string multipliers, int width) => RequireSamePrediction(
        TinyOptions.SongUNet with { Width = width, ChannelMultipliers = multipliers }, channels, times: [-1500, 0, 250, 1095]);

    private void RequireSamePrediction(DiffusionOptions options, int channels, float[] times)
    {
        const int Count = 4;
        var prediction = options.Prediction;
        using var generator = Generator(options, Images(channels, Count));
        OnnxExport.Save(generator, _folder["g.onnx"]);
        long[] labels = [0, Classes, 2, 1];
        var x = Random(2, Count * channels * Side * Side);
        using var session = new InferenceSession(_folder["g.onnx"]);
        var results = Run(
            session,
            NamedOnnxValue.CreateFromTensor("x", new DenseTensor<float>(x, [Count, channels, Side, Side])),
            NamedOnnxValue.CreateFromTensor("t", new DenseTensor<float>(times, [Count])),
            NamedOnnxValue.CreateFromTensor("y", new DenseTensor<long>(labels, [Count])));
        RequireLike(results[prediction], Predict(generator, x, times, labels), [Count, channels, Side, Side]);
        Assert.That(session.ModelMetadata.CustomMetadataMap["schedule"], Is.EqualTo(options.Schedule));
    }

    /// <summary>A network of somebody's own, of every primitive that may be in a forward pass.</summary>
    [Test]
    public void NetworkOfOnesOwn_MadeOfPrimitives_IsExportedToo()
    {
        var images = Images(channels: 3, count: 5);
        using var model = new ImageClassifier(_device, store => new OfPrimitives(store), Normalisation(3), seed: 1);
        Randomise(model.Store);
        var graph = Exported(model, images.Form);
        using var session = new InferenceSession(graph);
        RequireLike(
            Run(session, NamedOnnxValue.CreateFromTensor("x", Normalised(images)))["y"],
            Probabilities(model, images),
            [5, Classes]);
    }

    /// <summary>Convolutions of unequal sides, strides and padding, in groups, with and without bias and residual.</summary>
    [Test]
    public void NetworkOfConvolutions_IsExportedToo()
    {
        var images = Images(channels: 3, count: 4);
        using var model = new ImageClassifier(_device, store => new OfConvolutions(store), Normalisation(3), seed: 1);
        Randomise(model.Store);
        using var session = new InferenceSession(Exported(model, images.Form));
        RequireLike(
            Run(session, NamedOnnxValue.CreateFromTensor("x", Normalised(images)))["y"],
            Probabilities(model, images),
            [4, Classes]);
    }

    /// <summary>The statistics of the two images that are traced are no others'; and channels of what is no image have no place in ONNX's.</summary>
    [Test]
    public void NetworkThatNormalisesByTheBatch_IsRefused()
    {
        Refuses(4, (tape, x, weights) => tape.BatchNorm(x, weights, weights, 0.1f), "a network that normalises by the batch it is given cannot be exported");
        Refuses(
            2, (tape, x, weights) => tape.BatchNormFixed(x, weights, weights, new RunningStatistics(weights, weights, 0), 0.1f), "batch norm of [2, 144] cannot be exported");

        void Refuses(int rank, Func<Tape, Tensor, Tensor, Tensor> norm, string says)
        {
            using var model = new ImageClassifier(
                _device,
                store => new OfAFunction(store, (tape, x, weight) =>
                {
                    x = rank == 2 ? x : tape.Reshape(x, new TensorShape(x.Shape[0], 1, 1, Side * Side));
                    return norm(tape, x, tape.Reshape(tape.Slice(weight, axis: 0, start: 0, length: 1), new TensorShape(Side * Side)));
                }),
                Normalisation(1),
                seed: 1);
            TestImages.Fails(FailureKind.Usage, () => Exported(model, new ImageForm(1, Side, Classes)), says);
        }
    }

    [Test]
    public void NetworkWithAnOperatorThatIsUnknown_IsRefused()
    {
        using var model = new ImageClassifier(_device, store => new OfItsOwnOperator(store), Normalisation(1), seed: 1);
        TestImages.Fails(FailureKind.Usage, () => Exported(model, new ImageForm(1, Side, Classes)), "an operator that cannot be exported");
    }

    private static IEnumerable<TestCaseData> AlongTheBatch()
    {
        yield return Case("Sum", (tape, x, _) => tape.Sum(x, axis: 0));
        yield return Case("Max", (tape, x, _) => tape.Max(x, axis: -2));
        yield return Case("Transpose", (tape, x, _) => tape.Transpose(x, 0, 1));
        yield return Case("Transpose", (tape, x, _) => tape.Transpose(x, 1, 0));
        yield return Case("Slice", (tape, x, _) => tape.Slice(x, axis: 0, start: 1, length: 1));
        yield return Case("Concat", (tape, x, _) => tape.Concat(0, x, x));
        yield return Case("Pad", (tape, x, _) => tape.Pad(x, axis: 0, start: 0, size: 3));
        yield return Case("Reshape", (tape, x, _) => tape.Reshape(x, new TensorShape(3, 2 * Side * Side / 3)));
        yield return Case("Reshape", (tape, x, _) => tape.Reshape(x, new TensorShape(1, 2, Side * Side)));
        yield return Case("Expand", (tape, _, weight) => tape.Expand(tape.Slice(weight, axis: 0, start: 0, length: 1), axis: 0, size: 2));
        yield return Case("Expand", (tape, x, _) => tape.Expand(tape.Reshape(x, new TensorShape(2 * Side, Side, 1)), axis: 2, size: 2), refused: false);
        yield return Case("Multiply of images and weights", (tape, x, weight) => tape.Mul(x, tape.Slice(weight, axis: 0, start: 0, length: 2)));

        static TestCaseData Case(string name, Func<Tape, Tensor, Parameter, Tensor> forward, bool refused = true) =>
            new TestCaseData(name, forward, refused).SetArgDisplayNames($"{name} {(refused ? "" : "elsewhere ")}{forward.Method.Name}");
    }

    /// <summary>What is done to the two images that are traced says nothing about any other number of them.</summary>
    [TestCaseSource(nameof(AlongTheBatch))]
    public void NetworkThatMixesImages_IsRefusedByItsOperator(string name, object forward, bool refused)
    {
        using var model = new ImageClassifier(
            _device, store => new OfAFunction(store, (Func<Tape, Tensor, Parameter, Tensor>)forward), Normalisation(1), seed: 1);
        if (refused)
        {
            TestImages.Fails(FailureKind.Usage, () => Exported(model, new ImageForm(1, Side, Classes)), $"{name}, which gives [");
            Assert.That(_folder["own.onnx"], Does.Not.Exist);
        }
        else
        {
            Assert.That(() => Exported(model, new ImageForm(1, Side, Classes)), Throws.Nothing);
        }
    }

    private string Exported(ImageClassifier model, ImageForm form)
    {
        var graph = new OnnxGraph("test");
        var translation = new OnnxTranslation(graph, _device);
        using var tape = new Tape(_device) { Observer = translation };
        var x = tape.New(new TensorShape(2, form.Channels, form.Side, form.Side));
        _device.Clear(x.Data);
        translation.Know(x, graph.Floats("x", "", form.Channels, form.Side, form.Side));
        graph.Output(graph.Node("Softmax", [translation.NameOf(model.Network.Forward(tape, x))], ("axis", -1)), "y", "", form.Classes);
        graph.Save(_folder["own.onnx"], "1", []);
        return _folder["own.onnx"];
    }

    private TrainedClassifier Classifier(ClassifierOptions options, ImageDataset images)
    {
        using (var model = new ImageClassifier(_device, options, images, Normalisation(images.Channels), seed: 1))
        {
            Randomise(model.Store);
            TrainedClassifier.Save(_folder["c.safetensors"], model, options, images);
        }

        return TrainedClassifier.Open(_device, _folder["c.safetensors"]);
    }

    private TrainedGenerator Generator(DiffusionOptions options, ImageDataset images)
    {
        using (var model = new ImageGenerator(_device, options, new PixelSpace(images.Form), seed: 1))
        {
            Randomise(model.Store);
            TrainedGenerator.Save(_folder["g.safetensors"], model, options, images, autoencoder: null);
        }

        return TrainedGenerator.Open(_device, _folder["g.safetensors"]);
    }

    private static float[] Predict(TrainedGenerator generator, float[] x, float[] times, long[] labels)
    {
        var (model, form, device) = (generator.Model, generator.Form, generator.Model.Store.Device);
        using var images = device.Upload<float>(x);
        using var t = device.Upload<float>(times);
        using var y = device.Upload<int>(Array.ConvertAll(labels, label => (int)label));
        using var tape = new Tape(device);
        var shape = new TensorShape(times.Length, form.Channels, form.Side, form.Side);
        return device.Download(model.Network.Forward(tape, Tape.Constant(shape, images.Slice), t.Slice, y.Slice).Data);
    }

    private static float[] Probabilities(ImageClassifier model, ImageDataset images) => model.Probabilities(images);

    private static NormalisationStatistics Normalisation(int channels) =>
        new([.. Enumerable.Range(0, channels).Select(c => 0.3f + (0.1f * c))], [.. Enumerable.Range(0, channels).Select(c => 0.2f + (0.1f * c))]);

    /// <summary>
    /// Biases and norms begin as constants, which would hide that one stands in another's place; tokens of no more than a few thousandths
    /// show which epsilon a norm has. Filters are so small that probabilities are not all 0 and 1.
    /// </summary>
    private static void Randomise(ParameterStore store)
    {
        foreach (var (i, parameter) in store.Parameters.Index())
        {
            var scale = parameter.Name.Contains("embed") || parameter.Name.Contains("token") ? 0.005f : parameter.Shape.Rank == 4 ? 0.1f : 0.5f;
            store.Device.CopyIn(Array.ConvertAll(Random(i, (int)parameter.Shape.Count), value => scale * value), parameter.Data);
        }

        foreach (var (i, buffer) in store.Buffers.Index())
        {
            // Variances are positive; small ones show the epsilon.
            store.Device.CopyIn(Array.ConvertAll(Random(-i, (int)buffer.Shape.Count), value => Math.Abs(0.1f * value)), buffer.Data);
        }
    }

    private static float[] Random(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextSingle()) - 1)];
    }

    private static ImageDataset Images(int channels, int count)
    {
        var pixels = new byte[count * channels * Side * Side];
        new Random(5).NextBytes(pixels);
        return new ImageDataset("random", ["a", "b \"", "c"], channels, Side, pixels, new int[count]);
    }

    private static DenseTensor<float> Pixels(ImageDataset images) =>
        new(Array.ConvertAll(images.Pixels.ToArray(), pixel => pixel / 255f), [images.Count, images.Channels, Side, Side]);

    private static DenseTensor<float> Normalised(ImageDataset images)
    {
        var (pixels, (mean, deviation)) = (Pixels(images), Normalisation(images.Channels));
        for (var i = 0; i < pixels.Length; i++)
        {
            var c = i / (Side * Side) % images.Channels;
            pixels.SetValue(i, (pixels.GetValue(i) - mean[c]) / deviation[c]);
        }

        return pixels;
    }

    private static Dictionary<string, DenseTensor<float>> Run(InferenceSession session, params NamedOnnxValue[] inputs)
    {
        using var results = session.Run(inputs);
        return results.ToDictionary(result => result.Name, result => result.AsTensor<float>().ToDenseTensor());
    }

    private static void RequireLike(DenseTensor<float> actual, float[] expected, int[] shape)
    {
        Assert.That(actual.Dimensions.ToArray(), Is.EqualTo(shape));
        Assert.That(expected.Max() - expected.Min(), Is.GreaterThan(0.01), "numbers that say something");
        Assert.That(actual.ToArray(), Is.EqualTo(expected).Within(1e-6f + (1e-5f * expected.Max(Math.Abs))));
    }

    private sealed class OfPrimitives : IClassifier
    {
        private readonly Parameter _table;

        public OfPrimitives(ParameterStore store) => _table = new ParameterScope(store).Add("table", new TensorShape(Classes, Side), Initializer.FanIn(Side));

        public int Classes => OnnxExportTests.Classes;

        public int FeatureWidth => Side;

        public Tensor Features(Tape tape, Tensor images) => throw new NotSupportedException();

        /// <summary>Lines of an image, softmax over its columns by hand, a maximum, and much moving about.</summary>
        public Tensor Forward(Tape tape, Tensor images)
        {
            var batch = images.Shape[0];
            var lines = tape.Reshape(tape.Slice(images, axis: 1, start: 1, length: 1), new TensorShape(batch, Side, Side));
            var powers = tape.Exp(tape.Scale(lines, 0.5f, offset: -1));
            var shares = tape.Div(powers, tape.Expand(tape.Sum(powers, axis: -1), axis: 2, Side));
            var columns = tape.Transpose(tape.Add(shares, tape.Log(shares)), 1, 2);
            var largest = tape.Reshape(tape.Max(columns, axis: 1), new TensorShape(batch, Side));
            var mean = tape.Reshape(tape.Mean(tape.Mul(columns, columns), axis: 1), new TensorShape(batch, Side));
            var framed = tape.Pad(tape.Concat(1, largest, mean), axis: 1, start: 3, size: (2 * Side) + 8);
            var middle = tape.Activate(tape.Slice(framed, axis: 1, start: 2, length: Side), Activation.Silu);
            return tape.Linear(middle, Mirrored(tape));
        }

        /// <summary>Weights have no batch: whatever is done to them goes on being done.</summary>
        private Tensor Mirrored(Tape tape)
        {
            var (first, rest) = (tape.Slice(_table, axis: 0, start: 0, length: 1), tape.Slice(_table, axis: 0, start: 1, length: Classes - 1));
            var turned = tape.Transpose(tape.Concat(0, rest, first), 0, 1);
            return tape.Transpose(tape.Add(turned, tape.Mul(turned, tape.Reshape(_table, turned.Shape))), 1, 0);
        }
    }

    private sealed class OfConvolutions : IClassifier
    {
        private readonly Conv2d _first, _second;
        private readonly Linear _head;

        public OfConvolutions(ParameterStore store)
        {
            var root = new ParameterScope(store);
            _first = new Conv2d(root["first"], 3, 6, (2, 3), new Conv2dOptions(Stride: 2, Groups: 3) { Top = 1, Right = 2 }, hasBias: false);
            _second = new Conv2d(root["second"], 6, 6, (3, 1), new Conv2dOptions { Top = 2, Bottom = 0 });
            _head = new Linear(root["head"], 6, OnnxExportTests.Classes, Initializer.Zero, Initializer.Zero);
        }

        public int Classes => OnnxExportTests.Classes;

        public int FeatureWidth => 6;

        public Tensor Features(Tape tape, Tensor images)
        {
            var x = _first.Forward(tape, tape.Transpose(tape.Transpose(images, 1, 2), 2, 3));
            x = _second.Forward(tape, x, residual: x);
            var sums = tape.Sum(tape.Reshape(x, new TensorShape(x.Shape[0], x.Shape[1] * x.Shape[2], FeatureWidth)), axis: 1);
            return tape.Reshape(sums, new TensorShape(x.Shape[0], FeatureWidth));
        }

        public Tensor Forward(Tape tape, Tensor images) => _head.Forward(tape, Features(tape, images));
    }

    private sealed class OfAFunction(ParameterStore store, Func<Tape, Tensor, Parameter, Tensor> forward) : IClassifier
    {
        private readonly Parameter _weight = new ParameterScope(store).Add("weight", new TensorShape(OnnxExportTests.Classes, Side * Side), Initializer.Zero);

        public int Classes => OnnxExportTests.Classes;

        public int FeatureWidth => Side;

        public Tensor Features(Tape tape, Tensor images) => throw new NotSupportedException();

        public Tensor Forward(Tape tape, Tensor images) =>
            forward(tape, tape.Reshape(images, new TensorShape(images.Shape[0], Side * Side)), _weight);
    }

    private sealed class OfItsOwnOperator(ParameterStore store) : IClassifier
    {
        private readonly Parameter _weight = new ParameterScope(store).Add("weight", new TensorShape(OnnxExportTests.Classes, Side * Side), Initializer.Zero);

        public int Classes => OnnxExportTests.Classes;

        public int FeatureWidth => Side;

        public Tensor Features(Tape tape, Tensor images) => throw new NotSupportedException();

        public Tensor Forward(Tape tape, Tensor images)
        {
            var copy = tape.New(new TensorShape(images.Shape[0], Side * Side));
            tape.Device.Copy(images.Data, copy.Data);
            return tape.Linear(tape.Record(copy, (images, (g, _) => g)), _weight);
        }
    }
}
