using DPT.Engine.Kernels;

namespace Kernels.Tests;

public sealed class AttentionVariantTests
{
    [TestCase(257, "host-v2-tiles")]
    [TestCase(100_000, "host-v1-naive")]
    public void Default_LongSequence_IsServedWithoutHugeScratch(int tokens, string expected)
    {
        using var device = new HostDevice(threads: 1, SimdWidth.Scalar, new KernelSelection());
        var nothing = default(Slice<float>);
        var call = new AttentionForwardCall
        {
            Dims = new(1, tokens, 1, 64),
            Qkv = nothing,
            Output = nothing,
        };
        var chosen = device.Selection.Resolve(AttentionOperators.Forward, in call, device);
        Assert.That(chosen.Name, Is.EqualTo(expected));
    }

    [TestCase(SimdWidth.Vector512, 16, 18, 4, 32, "host-v3-lanes")]
    [TestCase(SimdWidth.Vector512, 2, 40, 4, 32, "host-v3-lanes")]
    [TestCase(SimdWidth.Vector512, 1, 18, 1, 32, "host-v3-lanes")]
    [TestCase(SimdWidth.Vector256, 7, 18, 1, 32, "host-v3-lanes")]
    [TestCase(SimdWidth.Vector256, 16, 41, 4, 32, "host-v2-tiles")]
    [TestCase(SimdWidth.Vector512, 16, 18, 4, 256, "host-v2-tiles")]
    public void Default_ShortSequencesInAnyBatch_GoToTheLanes(
        SimdWidth width, int batch, int tokens, int heads, int size, string expected)
    {
        using var device = new HostDevice(threads: 1, width, new KernelSelection());
        var nothing = default(Slice<float>);
        var call = new AttentionForwardCall
        {
            Dims = new(batch, tokens, heads, size),
            Qkv = nothing,
            Output = nothing,
        };
        Assert.That(
            device.Selection.Resolve(AttentionOperators.Forward, in call, device).Name, Is.EqualTo(expected));
    }

    [TestCase(4, "v3-online-softmax", "v2-recompute")]
    [TestCase(24, "v3-online-softmax", "v2-recompute")]
    [TestCase(32, "v3-online-softmax", "v2-recompute")]
    [TestCase(68, "v3-online-softmax", "v2-recompute")]
    [TestCase(124, "v3-online-softmax", "v2-recompute")]
    [TestCase(128, "v3-online-softmax", "v2-recompute")]
    [TestCase(31, "v1-naive", "v1-naive")]
    [TestCase(66, "v1-naive", "v1-naive")]
    [TestCase(132, "v1-naive", "v1-naive")]
    public void Default_OnTheGpu_MultiplesOfFourUpTo128GoToTheTiles(int size, string forward, string backward)
    {
        using var device = new SimDevice(selection: new KernelSelection());
        var forwardCall = new AttentionForwardCall
        {
            Dims = new(2, 17, 4, size),
            Qkv = default,
            Output = default,
        };
        var backwardCall = new AttentionBackwardCall
        {
            Dims = new(2, 17, 4, size),
            Qkv = default,
            Output = default,
            OutputGradient = default,
            QkvGradient = default,
        };
        var tiled = AttentionOperators.Forward.Find("v3-online-softmax");
        Assert.Multiple(() =>
        {
            Assert.That(
                device.Selection.Resolve(AttentionOperators.Forward, in forwardCall, device).Name, Is.EqualTo(forward));
            Assert.That(
                device.Selection.Resolve(AttentionOperators.Backward, in backwardCall, device).Name, Is.EqualTo(backward));
            Assert.That(
                ((KernelVariant<AttentionForwardCall>)tiled).Supports(in forwardCall, device, out var reason),
                Is.EqualTo(forward == "v3-online-softmax"));
            Assert.That(reason, Is.Null.Or.EqualTo(
                $"head size {size}; it serves head sizes that are multiples of 4 up to 128"));
        });
    }

    [Test]
    public void Kernel_OfEveryHeadSize_HasTheSmallestTile()
    {
        int[] tiles = [32, 64, 72, 96, 128];
        var kernels = new AttentionHeadKernels(typeof(AttentionForwardV3OnlineSoftmax), "Kernel", 128, rows: 128, weightRows: 64);
        for (var size = 4; size <= 128; size += 4)
        {
            var tile = tiles.First(t => t >= size);
            Assert.That(kernels.For(size).Id, Does.EndWith($".{(tile == size ? "Head" : "Within")}{tile}"), $"d={size}");
        }
    }

    [TestCase(2)]
    [TestCase(16)]
    public void Run_SteadyState_AllocatesNothing(int batch)
    {
        using var device = new HostDevice(threads: 2, selection: new KernelSelection());
        using var qkv = device.Upload<float>(new float[batch * 9 * 3 * 2 * 8]);
        using var output = device.Allocate<float>(batch * 9 * 2 * 8);
        var call = new AttentionForwardCall
        {
            Dims = new(batch, 9, 2, 8),
            Qkv = qkv.Slice,
            Output = output.Slice,
        };
        device.Run(AttentionOperators.Forward, in call);
        var system = device.Memory.SystemAllocations;
        var managed = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            device.Run(AttentionOperators.Forward, in call);
        }

        Assert.Multiple(() =>
        {
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - managed, Is.LessThan(1000));
            Assert.That(device.Memory.SystemAllocations, Is.EqualTo(system));
        });
    }
}
