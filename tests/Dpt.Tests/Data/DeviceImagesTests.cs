using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Batches of images that are not in memory are those of images on the device, whatever was read ahead.</summary>
public sealed class DeviceImagesTests
{
    private static readonly ImageDataset _images = TestImages.Noise(50, classes: 3, imageSize: 8);

    private HostDevice _device = null!;

    [SetUp]
    public void MakeDevice() => _device = new HostDevice(threads: 2);

    [TearDown]
    public void RequireEmptyDevice()
    {
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory");
        _device.Dispose();
    }

    /// <summary>Steps in order, repeated, left out and gone back to; batches that do not divide the set.</summary>
    [Test]
    public void Batches_OfAFile_AreThoseOfTheDevice([Values(1, 7, 64)] int size, [Values] bool shuffled)
    {
        var file = PixelStoreTests.InAFile(_images);
        using var resident = new DeviceImages(_device, _images, NormalisationStatistics.Of(_images));
        using var staged = new DeviceImages(_device, file, NormalisationStatistics.Of(_images));
        var (orderA, orderB) = (Order(shuffled), Order(shuffled));
        foreach (var step in new[] { 0, 1, 2, 2, 5, 6, 3, 4, 40 })
        {
            var (a, b) = (new int[size], new int[size]);
            resident.Choose(orderA, step, a);
            staged.Choose(orderB, step, b);
            Assert.That(b, Is.EqualTo(a));
            Assert.That(Drawn(staged, b, step), Is.EqualTo(Drawn(resident, a, step)), $"step {step}");
            Assert.That(Drawn(staged, b, step + 100), Is.EqualTo(Drawn(resident, a, step + 100)), "a second view of the same images");
        }
    }

    /// <summary>As an evaluation goes: batch after batch, the last one smaller; then a larger one.</summary>
    [Test]
    public void Evaluation_OfAFile_IsThatOfTheDevice()
    {
        using var resident = new DeviceImages(_device, _images, NormalisationStatistics.Of(_images));
        using var staged = new DeviceImages(_device, PixelStoreTests.InAFile(_images), NormalisationStatistics.Of(_images));
        using var tape = new Tape(_device);
        int[][] batches = [[.. Enumerable.Range(0, 20)], [.. Enumerable.Range(20, 20)], [.. Enumerable.Range(40, 10)], [], [.. Enumerable.Range(5, 45)]];
        foreach (var (batch, next) in batches.Zip(batches.Skip(1).Append([])).Where(pair => pair.First.Length > 0))
        {
            var expected = _device.Download(resident.Batch(tape, batch, ImageView.Plain).Data);
            Assert.That(_device.Download(staged.Batch(tape, batch, ImageView.Plain, next).Data), Is.EqualTo(expected));
            tape.Reset();
        }
    }

    /// <summary>What cannot be read ahead is said when it is asked for, and never drawn; at the end nobody hears of what nobody needs.</summary>
    [Test]
    [Platform("Linux")]
    public void Batch_OfAFileThatBecomesShorter_IsNotDrawn()
    {
        var before = PixelStoreTests.OpenFiles().Values;
        var set = PixelStoreTests.InAFile(_images);
        var path = PixelStoreTests.OpenFiles().Single(file => !before.Contains(file.Value)).Key;
        using var staged = new DeviceImages(_device, set, NormalisationStatistics.Of(_images));
        var (order, chosen) = (Order(shuffled: false), new int[7]);
        staged.Choose(order, 0, chosen);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            file.SetLength(0);
        }

        // Step 1 may have been read already; step 2 cannot have been.
        TestImages.Fails(
            FailureKind.Environment,
            () => Array.ForEach([1, 2], step => staged.Choose(order, step, chosen)),
            "cannot read images from their temporary file");
    }

    [Test]
    public void Memory_IsWhatTheEstimateSays()
    {
        var images = TestImages.Noise(2000, classes: 3, imageSize: 16);
        foreach (var set in new[] { images, PixelStoreTests.InAFile(images) })
        {
            using var device = new HostDevice(threads: 1);
            using var source = new DeviceImages(device, set, NormalisationStatistics.Of(images));
            source.Choose(Order(shuffled: false), 0, new int[40]);
            Assert.That((double)device.Memory.LiveBytes / DeviceImages.MemoryOf(set, set.Count, batch: 40), Is.InRange(1, 1.15), $"in memory: {set.IsInMemory}");
        }
    }

    private static BatchSampler Order(bool shuffled) =>
        shuffled ? BatchSampler.Shuffled(_images.Count, seed: 3, stream: 1) : BatchSampler.WithReplacement(_images.Count, seed: 3, stream: 1);

    private float[] Drawn(DeviceImages images, int[] indices, int sample)
    {
        using var chosen = _device.Upload<int>(indices);
        using var batch = _device.Allocate<float>(images.ShapeOf(indices.Length).Count);
        images.Draw(batch.Slice, chosen.Slice, new ImageView(AugmentPolicy.Strong, 9, true, 2), seed: 4, firstSample: sample);
        return _device.Download(batch.Slice);
    }
}
