using DPT.Engine.Kernels;
using TorchSharp;

namespace Differential.Tests;

/// <summary>
/// EDM's augmentation against its authors' way in PyTorch, in double precision, with the margins of the batch that they have and with ours, which
/// depend on no other image.
/// </summary>
public sealed class TorchAugmentEdmTests
{
    private const int Size = 32;

    [Test]
    public void Images_WithTheWidestMargins_AreThoseOfPyTorch()
    {
        using var scope = torch.NewDisposeScope();
        var batch = new DrawnBatch(count: 24, probability: 0.6);
        Assert.That(Differences(batch.Ours(), batch.Theirs(0, 24, ours: true)).Max(), Is.LessThan(2e-4));
    }

    /// <summary>
    /// The authors' margins are those of the furthest corner of any image in the batch, and narrowest where an image is alone. They leave
    /// room enough: in the widest margins it is the same image, even where everything is done to each.
    /// </summary>
    [Test]
    public void Images_WithTheirOwnMargins_AreThoseOfTheWidest([Values(0.12, 1)] double probability)
    {
        const int Count = 60;
        using var scope = torch.NewDisposeScope();
        var batch = new DrawnBatch(Count, probability);
        var widest = batch.Theirs(0, Count, ours: true);
        var alone = Enumerable.Range(0, Count).SelectMany(i => Differences([widest[i]], batch.Theirs(i, 1, ours: false))).ToArray();
        TestContext.Out.WriteLine($"p = {probability}: {Count} images differ by at most {alone.Max():g3}");
        Assert.That(alone.Max(), Is.LessThan(1e-3));
    }

    /// <summary>The largest difference of each image.</summary>
    private static IEnumerable<double> Differences(float[][] ours, float[][] theirs) =>
        ours.Zip(theirs, (a, b) => a.Zip(b, (x, y) => (double)Math.Abs(x - y)).Max(d => double.IsNaN(d) ? double.PositiveInfinity : d));

    /// <summary>Images with as many draws.</summary>
    private sealed class DrawnBatch
    {
        private const int Pixels = Size * Size;
        private readonly float[] _images;
        private readonly float[] _maps;
        private readonly float[] _labels;
        private readonly int _count;

        public DrawnBatch(int count, double probability)
        {
            _count = count;
            var noise = new PhiloxStream(2, 3, 4);
            _images = [.. Enumerable.Range(0, count * Pixels).Select(_ => noise.NextUniform() - 0.5f)];
            (_maps, _labels) = (new float[count * 6], new float[count * 9]);
            for (var i = 0; i < count; i++)
            {
                var random = new PhiloxStream(11, 5, i);
                var drawn = EdmAugmentation.Sample(ref random, probability);
                drawn.WriteMap(Size, _maps.AsSpan(6 * i));
                drawn.WriteLabels(_labels.AsSpan(9 * i));
                _labels[9 * i] = _labels[(9 * i) + 1] = 0;
            }
        }

        public float[][] Ours()
        {
            using var device = new HostDevice(2, selection: new KernelSelection());
            using var images = device.Upload<float>(_images);
            using var maps = device.Upload<float>(_maps);
            using var labels = device.Upload<float>(_labels);
            using var output = device.Allocate<float>(_images.Length);
            device.Run(AugmentEdmOperator.Transform, new AugmentEdmCall
            {
                Batch = _count, Channels = 1, ImageSize = Size,
                Images = images.Slice, Maps = maps.Slice, Labels = labels.Slice, Output = output.Slice,
            });
            return [.. device.Download(output.Slice).Chunk(Pixels)];
        }

        /// <summary>The same images by PyTorch, with the margins of these or ours.</summary>
        public float[][] Theirs(int first, int count, bool ours)
        {
            using var scope = torch.NewDisposeScope();
            var images = torch.tensor(_images[(first * Pixels)..((first + count) * Pixels)], [count, 1, Size, Size]).to_type(torch.ScalarType.Float64);
            var maps = torch.tensor(_maps[(6 * first)..(6 * (first + count))], [count, 2, 3]).to_type(torch.ScalarType.Float64);
            var margins = ours ? [Size - 1, Size - 1, Size - 1, Size - 1] : TorchAugmentEdm.Margins(maps, Size);
            var result = TorchAugmentEdm.Transform(images, maps, Size, margins).to_type(torch.ScalarType.Float32).contiguous();
            return [.. result.data<float>().ToArray().Chunk(Pixels)];
        }
    }
}
