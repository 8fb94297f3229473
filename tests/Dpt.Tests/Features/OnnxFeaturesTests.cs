using DPT.Engine.Kernels;
using DataType = DPT.Engine.Dpt.Messages.TensorProto.Types.DataType;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Features by a network of another tool: what goes in is what the recipe says, and what comes out is the network's.</summary>
public sealed class OnnxFeaturesTests
{
    private static readonly string[] _mean = ["GlobalAveragePool"];

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new TemporaryFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    /// <summary>More images than two batches have, and not a whole number of them.</summary>
    [TestCase("imagenet", 0.485, 0.229, 0.456, 0.224, 0.406, 0.225)]
    [TestCase("signed", 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)]
    [TestCase("unit", 0, 1, 0, 1, 0, 1)]
    [TestCase("bytes", 0, 1 / 255.0, 0, 1 / 255.0, 0, 1 / 255.0)]
    public void Pixels_AreScaledByTheRecipe(string scale, double m0, double d0, double m1, double d1, double m2, double d2)
    {
        var images = Images(channels: 3, side: 4, count: 70);
        using var features = Open(Model([-1, 3, 4, 4]), images, scale);
        double[] expected =
        [
            .. Enumerable.Range(0, 210).Select(i => (images.Pixels.Skip(i * 16).Take(16).Average(p => p / 255.0) - Means(i)) / Deviations(i)),
        ];
        Assert.That(features.Width, Is.EqualTo(3));
        Assert.That(features.Features(images, default), Is.EqualTo(expected).Within(1e-5 * (scale == "bytes" ? 255 : 1)));

        double Means(int i) => (i % 3) switch { 0 => m0, 1 => m1, _ => m2 };
        double Deviations(int i) => (i % 3) switch { 0 => d0, 1 => d1, _ => d2 };
    }

    [Test]
    public void Caffe_HasBlueFirst()
    {
        var images = Images(channels: 3, side: 4, count: 5);
        using var features = Open(Model([-1, 3, 4, 4]), images, "caffe");
        Assert.That(
            features.Features(images, default),
            Is.EqualTo(Enumerable.Range(0, 5).SelectMany(i => new[] { Mean(i, 2) - 103.939, Mean(i, 1) - 116.779, Mean(i, 0) - 123.68 })).Within(1e-4));

        double Mean(int i, int channel) => images.Pixels.Skip(((3 * i) + channel) * 16).Take(16).Average(p => (double)p);
    }

    [Test]
    public void GreyImages_GoToAllChannels_AtTheSideOfTheNetwork()
    {
        var pixels = new byte[40 * 81];
        for (var i = 0; i < 40; i++)
        {
            pixels.AsSpan(i * 81, 81).Fill((byte)(6 * i));
        }

        var images = new ImageDataset("flat", ["a", "b"], 1, 9, pixels, new int[40]);
        using var features = Open(Model([-1, 3, 6, 6]), images, "bytes");
        Assert.That(
            features.Features(images, default), Is.EqualTo(Enumerable.Range(0, 120).Select(i => 6f * (i / 3))).Within(1e-4));
    }

    [TestCase(1, 12)]
    [TestCase(3, 4)]
    public void Images_AreResizedAsDataIs(int channels, int side)
    {
        var images = Images(channels, 8, 5);
        var resized = ImageResizer.Resize(images, side);
        using var features = Open(Model([-1, channels, -1, -1], "Flatten"), images, "bytes", side);
        Assert.That(features.Width, Is.EqualTo(channels * side * side));
        Assert.That(features.Features(images, default), Is.EqualTo(resized.Pixels.Select(p => (float)p)).Within(1e-4));
    }

    [Test]
    public void NetworkOfAnySize_TakesImagesAsTheyAre()
    {
        var images = Images(1, 7, 3);
        using var features = Open(Model([-1, 1, -1, -1], "Flatten"), images, "bytes");
        Assert.That(features.Features(images, default), Is.EqualTo(images.Pixels.Select(p => (float)p)).Within(1e-4));
    }

    /// <summary>The last batch is filled up, and what fills it is no image.</summary>
    [TestCase(1)]
    [TestCase(5)]
    public void NetworkOfAFixedBatch_GivesTheSame(int batch)
    {
        var images = Images(3, 4, 12);
        using var open = Open(Model([-1, 3, 4, 4]), images, "unit");
        using var closed = Open(Model([batch, 3, 4, 4]), images, "unit");
        Assert.That(closed.Features(images, default), Is.EqualTo(open.Features(images, default)));
    }

    [Test]
    public void Outputs_AreChosenByName()
    {
        var path = OnnxModel.Write(_folder["m.onnx"], [-1, 3, 4, 4], ("mean", ["GlobalAveragePool"]), ("most", ["GlobalMaxPool", "Flatten"]), ("map", ["Relu"]));
        var images = Images(3, 4, 6);
        using var most = Open(path, images, "bytes", output: "most");
        Assert.That(
            most.Features(images, default),
            Is.EqualTo(Enumerable.Range(0, 18).Select(i => (float)images.Pixels.Skip(i * 16).Take(16).Max())).Within(1e-4));
        Fails(FailureKind.Usage, path, images, "has the outputs mean, most, map: say which has the features");
        Fails(FailureKind.Usage, path, images, "no output 'least'; its outputs are mean, most, map", output: "least");
        Fails(FailureKind.Usage, path, images, "no output 'least'", output: "mean", classes: "least");
        Fails(FailureKind.Check, path, images, "gives Float [1, 3, 4, 4] at 'map'; features are Float [1, width] or [1, width, 1, 1]", output: "map");
    }

    [Test]
    public void Name_TellsAllThatNumbersDependOn()
    {
        var path = Model([-1, 3, 4, 4]);
        using var features = Open(path, Images(3, 4, 1), "signed");
        Assert.That(features.Name, Is.EqualTo($"m.onnx ({FileHash.Of(path)[..8]}), y: 3 numbers of 4 x 4 pixels, signed"));
    }

    /// <summary>A network of ours, exported, has the logits and probabilities that it has here.</summary>
    [Test]
    public void ExportedClassifier_GivesWhatItGivesHere()
    {
        var images = Images(3, 12, 37);
        using var device = new HostDevice(threads: 2);
        var options = TinyOptions.Run.Classifier with { PatchSize = 3, Width = 18, Heads = 3 };
        using (var model = new ImageClassifier(device, options, images, new NormalisationStatistics([0.3f, 0.4f, 0.5f], [0.2f, 0.3f, 0.4f]), seed: 1))
        {
            TrainedClassifier.Save(_folder["c.safetensors"], model, options, images);
        }

        using var classifier = TrainedClassifier.Open(device, _folder["c.safetensors"]);
        OnnxExport.Save(classifier, _folder["c.onnx"]);
        using var network = Open(_folder["c.onnx"], images, "unit", output: "logits", classes: "logits");
        var expected = classifier.Model.Probabilities(images);
        Assert.That(expected.Max() - expected.Min(), Is.GreaterThan(0.01), "probabilities that say something");
        Assert.That(network.Probabilities(images, default), Is.EqualTo(expected).Within(1e-5));
        Assert.That(network.Width, Is.EqualTo(images.Classes));
    }

    /// <summary>Scores of hundreds have no finite power.</summary>
    [Test]
    public void Probabilities_OfLargeScores_AreFinite()
    {
        var path = OnnxModel.Write(_folder["m.onnx"], [-1, 3, 4, 4], ("y", ["GlobalMaxPool", "Flatten"]));
        var images = Images(3, 4, 9);
        using var features = Open(path, images, "bytes", classes: "y");
        var shares = features.Probabilities(images, default)!;
        Assert.That(shares.Chunk(3).Select(row => row.Sum()), Is.All.EqualTo(1).Within(1e-5));
        using var classless = Open(path, images, "unit");
        Assert.That(classless.Probabilities(images, default), Is.Null, "no class output");
    }

    [Test]
    public void WhatIsNoNetworkOfImages_IsRefused()
    {
        var images = Images(3, 4, 2);
        Fails(FailureKind.Check, Model([-1, 48], "Relu"), images, "takes Float [-1, 48] at 'x'; images are Float [N, 1 or 3, side, side]");
        Fails(FailureKind.Check, Model([-1, 4, 4, 4]), images, "takes Float [-1, 4, 4, 4] at 'x'");
        Fails(FailureKind.Check, Model([-1, 3, 4, 5]), images, "takes images of 4 x 5 pixels");
        Fails(FailureKind.Check, OnnxModel.Write(_folder["m.onnx"], DataType.Double, [("x", [-1, 3, 4, 4])], ("y", ["Identity"])), images, "takes Double");
        Fails(
            FailureKind.Check,
            OnnxModel.Write(_folder["m.onnx"], DataType.Float, [("x", [-1, 3, 4, 4]), ("t", [1])], ("y", _mean)),
            images,
            "takes 2 inputs (x, t); a network of images takes one");
    }

    [Test]
    public void WhatDoesNotFit_IsRefused()
    {
        var images = Images(3, 4, 2);
        Fails(FailureKind.Usage, Model([-1, 1, 4, 4]), images, "takes grey images, these are in colour");
        Fails(FailureKind.Usage, Model([-1, 3, 4, 4]), images, "takes images of 4 x 4 pixels, 8 are asked for", side: 8);
        Fails(FailureKind.Usage, Model([-1, 3, -1, -1]), images, "0 pixels a side are asked for: 1 to 1024 there may be", side: 0);
        Fails(FailureKind.Usage, Model([-1, 3, -1, -1]), images, "1025 pixels a side are asked for", side: 1025);
        Fails(FailureKind.Usage, Model([-1, 3, 4, 4]), images, "unknown scale of pixels 'other'; there are imagenet, signed, unit, bytes, caffe", scale: "other");
    }

    [Test]
    public void BrokenFile_IsRefused()
    {
        var images = Images(3, 4, 2);
        Fails(FailureKind.Environment, _folder["none.onnx"], images, "none.onnx");
        Fails(FailureKind.Check, _folder.Write("empty.onnx", ""), images, "empty.onnx");
        var bytes = File.ReadAllBytes(Model([-1, 3, 4, 4]));
        Fails(FailureKind.Check, _folder.Write("cut.onnx", bytes[..^20]), images, "is damaged, or a network that ONNX Runtime cannot compute");
        Fails(FailureKind.Check, _folder.Write("text.onnx", "no network at all"), images, "is damaged, or a network");
    }

    [Test]
    public void NumberThatIsNotFinite_IsRefused_ByItsImage()
    {
        var images = new ImageDataset("few", ["a", "b"], 1, 1, [9, 5, 0, 7], new int[4]);
        using var features = Open(OnnxModel.Write(_folder["m.onnx"], [-1, 1, 1, 1], ("y", ["Log", "Flatten"])), Images(1, 1, 1), "bytes");
        TestImages.Fails(FailureKind.Check, () => features.Features(images, default), "not finite for image 2 of 'few'");
    }

    private string Model(int[] input, string lastOperator = "GlobalAveragePool") => OnnxModel.Write(_folder["m.onnx"], input, ("y", [lastOperator]));

    private static OnnxFeatures Open(
        string path, ImageDataset images, string scale, int? side = null, string? output = null, string? classes = null) =>
        OnnxFeatures.Open(new FeatureRecipe(path) { Scale = scale, Side = side, Output = output, ClassOutput = classes }, images.Form, threads: 2);

    private static void Fails(
        FailureKind kind, string path, ImageDataset images, string says, int? side = null, string? output = null, string? classes = null, string scale = "unit") =>
        TestImages.Fails(kind, () => Open(path, images, scale, side, output, classes).Dispose(), says);

    private static ImageDataset Images(int channels, int side, int count)
    {
        var pixels = new byte[count * channels * side * side];
        new Random(3).NextBytes(pixels);
        return new ImageDataset("random", ["a", "b", "c"], channels, side, pixels, new int[count]);
    }
}
