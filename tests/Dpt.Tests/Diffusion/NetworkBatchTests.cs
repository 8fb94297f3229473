using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// Whole networks at the sizes that people use: what comes out for an image has the same bits in whatever batch it is
/// computed, at whatever place in it, on however many threads. Small networks do not show it: their sums are never cut.
/// </summary>
public class NetworkBatchTests
{
    private const int Channels = 3;
    private const int Classes = 10;
    private const ulong Seed = 5;

    private static readonly int[] Batches = [1, 2, 3, 7, 16];

    private static IEnumerable<object[]> Sizes()
    {
        foreach (var width in new[] { SimdWidth.Vector512, SimdWidth.Vector256 })
        {
            yield return [width, 128, 4, 16, 64];
            yield return [width, 384, 6, 16, 64];
            yield return [width, 384, 6, 32, 16];
            yield return [width, 128, 4, 8, 64];
        }

        yield return [SimdWidth.Scalar, 128, 4, 16, 7];
    }

    [TestCaseSource(nameof(Sizes))]
    public void UVit_InAnyBatch_PredictsTheSame(SimdWidth simd, int width, int heads, int imageSize, int most)
    {
        var config = Config(width, heads, imageSize);
        RequireSame(simd, most, (device, first, count) =>
        {
            using var store = new ParameterStore(device);
            var network = new UVit(store, config);
            store.Initialize(Seed);
            int[] labels = [.. Enumerable.Repeat(4, count)];
            using var forward = new GeneratorForward(device, network, new ImageForm(Channels, imageSize, Classes), labels);
            using var images = Noise(device, first, count, imageSize);
            device.Copy(images.Slice, forward.Images);
            forward.Run(0.37);
            return device.Download(forward.Prediction);
        });
    }

    [TestCaseSource(nameof(Sizes))]
    public void Transformer_InAnyBatch_GivesTheSameProbabilities(SimdWidth simd, int width, int heads, int imageSize, int most) =>
        RequireSameProbabilities(simd, "vit", width, heads, imageSize, most);

    [TestCase(SimdWidth.Vector512, 64, 16)]
    [TestCase(SimdWidth.Vector512, 96, 28)]
    [TestCase(SimdWidth.Vector256, 48, 16)]
    public void ResidualNetwork_InAnyBatch_GivesTheSameProbabilities(SimdWidth simd, int width, int imageSize) =>
        RequireSameProbabilities(simd, "resnet", width, heads: 1, imageSize, most: 16);

    private static void RequireSameProbabilities(SimdWidth simd, string network, int width, int heads, int imageSize, int most)
    {
        var options = new ClassifierOptions
        {
            Network = network, PatchSize = 2, Width = width, Depth = 2, Heads = heads, MlpRatio = 4,
        };
        RequireSame(simd, most, (device, first, count) =>
        {
            var images = Images(first, count, imageSize);
            using var classifier = new ImageClassifier(device, options, images, new NormalisationStatistics([0.5f, 0.5f, 0.5f], [0.5f, 0.5f, 0.5f]), Seed);
            return classifier.Probabilities(images);
        });
    }

    [TestCase(SimdWidth.Vector512, 32, 16)]
    [TestCase(SimdWidth.Vector256, 12, 8)]
    public void SongUNet_InAnyBatch_PredictsTheSame(SimdWidth simd, int width, int imageSize) =>
        RequireSame(simd, most: 16, (device, first, count) =>
        {
            using var store = new ParameterStore(device);
            var network = new SongUNet(store, new SongUNetConfig(imageSize, Channels, width, [1, 2], Blocks: 1, Classes));
            store.Initialize(Seed);
            using var model = new GeneratorModel(device, network, new ImageForm(Channels, imageSize, Classes), Prediction.Velocity);
            model.SetLabels(3, count);
            var sampler = new Sampler(device, VariancePreservingSchedule.Find("edm"), SolverCatalog.Find("edm-heun"), evaluations: 3, new Guidance(0.6));
            using var result = device.Allocate<float>(count * Channels * imageSize * imageSize);
            sampler.Sample(model, count, new SamplingNoise(Seed, 1, first), result.Slice);
            return device.Download(result.Slice);
        });

    [TestCase(SimdWidth.Vector512)]
    [TestCase(SimdWidth.Vector256)]
    public void Sampler_InAnyBatch_DrawsTheSame(SimdWidth simd)
    {
        var config = Config(width: 128, heads: 4, imageSize: 16);
        RequireSame(simd, 64, (device, first, count) =>
        {
            using var store = new ParameterStore(device);
            var network = new UVit(store, config);
            store.Initialize(Seed);
            using var model = new GeneratorModel(device, network, new ImageForm(Channels, 16, Classes), Prediction.Noise);
            model.SetLabels(3, count);
            var schedule = VariancePreservingSchedule.Find("vp");
            var sampler = new Sampler(device, schedule, SolverCatalog.Find("dpm-solver++-2m"), evaluations: 3, new Guidance(0.6));
            using var result = device.Allocate<float>(count * Channels * 16 * 16);
            sampler.Sample(model, count, new SamplingNoise(Seed, 1, first), result.Slice);
            return device.Download(result.Slice);
        });
    }

    /// <summary>Computes the images together on two threads, then parts of them on others.</summary>
    private static void RequireSame(SimdWidth simd, int most, Func<HostDevice, int, int, float[]> compute)
    {
        using var two = new HostDevice(2, simd, new KernelSelection());
        using var three = new HostDevice(3, simd, new KernelSelection());
        var together = compute(two, 0, most);
        Assert.That(together, Has.All.Matches<float>(float.IsFinite));
        var length = together.Length / most;
        foreach (var batch in Batches.Where(b => b < most))
        {
            foreach (var first in new[] { 0, (most - batch) / 2, most - batch })
            {
                var expected = together.AsSpan(first * length, batch * length);
                var differ = 0;
                foreach (var (a, b) in expected.ToArray().Zip(compute(three, first, batch)))
                {
                    differ += BitConverter.SingleToInt32Bits(a) == BitConverter.SingleToInt32Bits(b) ? 0 : 1;
                }

                Assert.That(differ, Is.Zero, $"images {first}.. in a batch of {batch}, of {expected.Length} numbers");
            }
        }
    }

    private static UVitConfig Config(int width, int heads, int imageSize) => new(
        imageSize, PatchSize: 2, Channels, width, Depth: 2, heads, Classes + 1, Convolution: true, FastStart: true);

    /// <summary>Image i is noise of its own.</summary>
    private static DeviceBuffer<float> Noise(Device device, int first, int count, int imageSize)
    {
        var elements = Channels * imageSize * imageSize;
        var images = device.Allocate<float>(count * elements);
        device.Run(RandomOperators.Fill, new RandomCall
        {
            Samples = count,
            Elements = elements,
            Distribution = RandomDistribution.Normal,
            Seed = Seed,
            Stream = 2,
            FirstSample = first,
            Output = images.Slice,
        });
        return images;
    }

    private static ImageDataset Images(int first, int count, int imageSize)
    {
        var pixels = new byte[count * Channels * imageSize * imageSize];
        for (var i = 0; i < count; i++)
        {
            new Random(first + i).NextBytes(pixels.AsSpan(i * pixels.Length / count, pixels.Length / count));
        }

        return new ImageDataset(
            "noise", [.. Enumerable.Range(0, Classes).Select(c => $"class{c}")], Channels, imageSize, pixels, new int[count]);
    }
}
