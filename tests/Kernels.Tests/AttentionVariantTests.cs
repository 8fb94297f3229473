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
            Batch = 1,
            Tokens = tokens,
            Heads = 1,
            HeadSize = 64,
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
            Batch = batch,
            Tokens = tokens,
            Heads = heads,
            HeadSize = size,
            Qkv = nothing,
            Output = nothing,
        };
        Assert.That(
            device.Selection.Resolve(AttentionOperators.Forward, in call, device).Name, Is.EqualTo(expected));
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
            Batch = batch,
            Tokens = 9,
            Heads = 2,
            HeadSize = 8,
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
