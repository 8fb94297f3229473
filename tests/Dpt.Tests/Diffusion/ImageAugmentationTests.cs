using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>The augmentation of a training batch: an image's is its own, however the batch is cut, and the network is told of it.</summary>
public sealed class ImageAugmentationTests
{
    private const int Batch = 6, Channels = 3, Size = 8, Pixels = Channels * Size * Size;

    [Test]
    public void Batch_CutIntoParts_HasTheSameImagesAndLabels()
    {
        using var device = new HostDevice(threads: 2);
        var images = Images(Batch);
        var whole = Augment(device, images, Batch, first: 0);
        var parts = Enumerable.Range(0, 3).Select(
            part => Augment(device, images[(part * 2 * Pixels)..((part + 1) * 2 * Pixels)], 2, first: part * 2)).ToArray();
        Assert.Multiple(() =>
        {
            Assert.That(parts.SelectMany(p => p.Images), Is.EqualTo(whole.Images));
            Assert.That(parts.SelectMany(p => p.Labels), Is.EqualTo(whole.Labels));
            Assert.That(Augment(device, images, Batch, first: Batch).Labels, Is.Not.EqualTo(whole.Labels), "the next batch draws anew");
        });
    }

    [Test]
    public void Labels_OfABatch_SayWhatWasDone()
    {
        using var device = new HostDevice(threads: 2);
        var images = Images(Batch);
        var (result, labels) = Augment(device, images, Batch, first: 0);
        var drawn = new float[EdmAugmentation.Labels];
        for (var i = 0; i < Batch; i++)
        {
            var random = new PhiloxStream(5, RunStreams.DiffusionAugmentation, i);
            EdmAugmentation.Sample(ref random, 0.3).WriteLabels(drawn);
            Assert.That(labels.AsSpan(i * 9, 9).ToArray(), Is.EqualTo(drawn), $"image {i}");
            var before = images.AsSpan(i * Pixels, Pixels).ToArray();
            Assert.That(result.AsSpan(i * Pixels, Pixels).SequenceEqual(before), Is.EqualTo(drawn.All(v => v == 0)), $"image {i}");
        }
    }

    [Test]
    public void Images_WithoutAugmentation_AreTheSameBits()
    {
        using var device = new HostDevice(threads: 2);
        var (result, labels) = Augment(device, Images(Batch), Batch, first: 0, probability: 0);
        Assert.That(result, Is.EqualTo(Images(Batch)));
        Assert.That(labels, Is.All.Zero);
    }

    private static float[] Images(int batch)
    {
        var random = new PhiloxStream(1, 1, 1);
        return [.. Enumerable.Range(0, batch * Pixels).Select(_ => random.NextNormal())];
    }

    private static (float[] Images, float[] Labels) Augment(
        HostDevice device, float[] images, int batch, long first, double probability = 0.3)
    {
        using var augmentation = new ImageAugmentation(device, batch, Channels, Size, probability, seed: 5);
        using var before = device.Upload<float>(images);
        using var after = device.Allocate<float>(images.Length);
        augmentation.Draw(first);
        augmentation.Apply(before.Slice, after.Slice);
        return (device.Download(after.Slice), device.Download(augmentation.Labels));
    }
}
