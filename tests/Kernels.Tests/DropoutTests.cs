using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Which elements dropout drops: those of its stream, whatever the batch, the threads and the vectors.</summary>
public sealed class DropoutTests
{
    private const int Elements = 1000;
    private const float Rate = 0.3f;

    private static readonly DrawAddress Address = new(0x9876543210fedcba, uint.MaxValue - 1L);

    private static IEnumerable<TestCaseData> Devices =>
    [
        new TestCaseData(() => (Device)new HostDevice(2, selection: new KernelSelection())).SetArgDisplayNames("host"),
        new TestCaseData(() => (Device)new SimDevice(selection: new KernelSelection())).SetArgDisplayNames("sim"),
    ];

    [Test]
    public void Mask_OfEveryWidth_IsThatOfTheStream([Values] SimdWidth width, [Values(1, 3)] int threads)
    {
        using var device = new HostDevice(threads, width, new KernelSelection());
        var y = Drop(device, Address, samples: 4, Ones(4));
        for (var sample = 0; sample < 4; sample++)
        {
            var stream = new PhiloxStream(Address.Seed, 5, Address.FirstSample + sample);
            for (var i = 0; i < Elements; i++)
            {
                var expected = stream.NextUniform() < Rate ? 0 : 1 / (1 - Rate);
                Assert.That(y[(sample * Elements) + i], Is.EqualTo(expected).Within(1).Ulps, $"element {i} of sample {sample}");
            }
        }
    }

    [TestCaseSource(nameof(Devices))]
    public void Batch_CutIntoParts_GivesTheSameBits(Func<Device> open)
    {
        using var device = open();
        var whole = Drop(device, Address, samples: 3, Ones(3));
        var parts = Drop(device, Address, samples: 1, Ones(1))
            .Concat(Drop(device, Address with { FirstSample = Address.FirstSample + 1 }, samples: 2, Ones(2)));
        Assert.That(parts, Is.EqualTo(whole));
    }

    [TestCaseSource(nameof(Devices))]
    public void CapturedWork_WithANewAddress_DrawsAnew(Func<Device> open)
    {
        using var device = open();
        using var draw = device.Upload<int>(WordsOf(Address));
        using var x = device.Upload<float>(Ones(2));
        using var y = device.Allocate<float>(2 * Elements);
        using var work = device.Capture(() => device.Run(DropoutOperator.Dropout, Call(draw.Slice, 2, x.Slice, y.Slice)));
        foreach (var address in new[] { Address with { Seed = 1 }, Address with { FirstSample = 7 }, Address })
        {
            device.CopyIn<int>(WordsOf(address), draw.Slice);
            work.Replay();
            Assert.That(device.Download(y.Slice), Is.EqualTo(Drop(device, address, 2, Ones(2))), address.ToString());
        }
    }

    [Test]
    public void Draws_OfSeedsStreamsAndSamples_AreIndependent()
    {
        using var device = new HostDevice(1, selection: new KernelSelection());
        float[][] masks =
        [
            Drop(device, Address, 1, Ones(1)),
            Drop(device, Address with { Seed = Address.Seed + 1 }, 1, Ones(1)),
            Drop(device, Address with { Seed = Address.Seed ^ (1UL << 63) }, 1, Ones(1)),
            Drop(device, Address with { FirstSample = Address.FirstSample + 1 }, 1, Ones(1)),
            Drop(device, Address with { FirstSample = Address.FirstSample + (1L << 40) }, 1, Ones(1)),
            Drop(device, Address, 1, Ones(1), stream: 6),
        ];
        foreach (var (i, j) in from i in Enumerable.Range(0, masks.Length) from j in Enumerable.Range(0, i) select (i, j))
        {
            // Both drop 9 % of a thousand, with a deviation of 9: five of them.
            var both = masks[i].Zip(masks[j]).Count(pair => pair is (0, 0));
            Assert.That(both, Is.EqualTo(Elements * Rate * Rate).Within(45), $"masks {i} and {j}");
        }
    }

    [TestCase(0f)]
    [TestCase(0.13f)]
    [TestCase(0.5f)]
    [TestCase(0.9f)]
    public void Mean_OfOnes_StaysOne(float rate)
    {
        const int Samples = 200;
        using var device = new HostDevice(2, selection: new KernelSelection());
        var y = Drop(device, Address, Samples, Ones(Samples), rate: rate);
        var error = Math.Sqrt(rate / (1 - rate) / (Samples * Elements));
        Assert.Multiple(() =>
        {
            Assert.That(y.Average(v => (double)v), Is.EqualTo(1).Within((5 * error) + 1e-6));
            Assert.That(y.Distinct().Count(), Is.LessThanOrEqualTo(2), "what is kept is scaled alike");
        });
    }

    [Test]
    public void Address_OfWords_IsReadBack()
    {
        var words = WordsOf(new DrawAddress(0x8765432112345678, 0x1122334455667788));
        Assert.That(words, Is.EqualTo(new[] { 0x12345678, unchecked((int)0x87654321), 0x55667788, 0x11223344 }));
    }

    private static float[] Ones(int samples) => [.. Enumerable.Repeat(1f, samples * Elements)];

    private static int[] WordsOf(DrawAddress address)
    {
        var words = new int[DrawAddress.Words];
        address.WriteTo(words);
        return words;
    }

    private static float[] Drop(Device device, DrawAddress address, int samples, float[] values, uint stream = 5, float rate = Rate)
    {
        using var draw = device.Upload<int>(WordsOf(address));
        using var x = device.Upload<float>(values);
        using var y = device.Allocate<float>(values.Length);
        device.Run(DropoutOperator.Dropout, Call(draw.Slice, samples, x.Slice, y.Slice) with { Stream = stream, Rate = rate });
        return device.Download(y.Slice);
    }

    private static DropoutCall Call(Slice<int> draw, int samples, Slice<float> x, Slice<float> y) => new()
    {
        Samples = samples, Elements = Elements, Rate = Rate, Stream = 5, Draw = draw, X = x, Y = y,
    };
}
