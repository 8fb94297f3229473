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

    [Test]
    public void Run_SteadyState_AllocatesNothing()
    {
        using var device = new HostDevice(threads: 2, selection: new KernelSelection());
        using var qkv = device.Upload<float>(new float[2 * 9 * 3 * 2 * 8]);
        using var output = device.Allocate<float>(2 * 9 * 2 * 8);
        var call = new AttentionForwardCall
        {
            Batch = 2,
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
