using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>What a classifier says of many images at once: of each what it says of it alone, wherever it stands.</summary>
public sealed class ClassifierOutputTests
{
    private const int Part = 90;

    private readonly HostDevice _device = new(threads: 1);

    [OneTimeTearDown]
    public void Close() => _device.Dispose();

    [TestCase(1)]
    [TestCase(249)]
    [TestCase(250)]
    [TestCase(251)]
    [TestCase(510)]
    public void ManyImages_AreJudgedLikeFew(int count)
    {
        var images = TestImages.Noise(count, classes: 10, imageSize: 16);
        using var classifier = new ImageClassifier(
            _device, TinyOptions.Run.Classifier, images, NormalisationStatistics.Of(images), seed: 3);
        var parts = Enumerable.Range(0, count).Chunk(Part).Select(indices => images.Select(indices)).ToList();
        Assert.That(classifier.Probabilities(images), Is.EqualTo(parts.SelectMany(p => classifier.Probabilities(p))));
        Assert.That(classifier.Features(images), Is.EqualTo(parts.SelectMany(p => classifier.Features(p))));
        Assert.That(classifier.Features(images).Chunk(classifier.Network.FeatureWidth), Is.Unique);
    }
}
