using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>What a device that computes nothing says that another would take.</summary>
public sealed class CountingDeviceTests
{
    private static readonly DevicePeaks Peaks = new(Bytes: 100, Flops: 1000, TensorFlops: 4000, CacheBytes: 0);

    [Test]
    public void Calls_AreCounted_AndTakeWhatThePeaksAllow()
    {
        using var host = new HostDevice(threads: 1, selection: new KernelSelection());
        using var counting = new CountingDevice(host, Peaks);
        using var a = counting.Allocate<float>(64 * 64);
        var product = new MatMulCall { M = 64, N = 64, K = 64, A = a.Slice, B = a.Slice, C = a.Slice };
        var sum = new AxpbyCall { Count = 4096, Alpha = 1, Beta = 1, X = a.Slice, Y = a.Slice };
        counting.Run(MatMulOperators.MatMul, in product);
        counting.Run(ElementwiseOperators.Axpby, in sum);
        counting.Clear(a.Slice);
        counting.Copy(a.Slice.Range(0, 2048), a.Slice.Range(2048, 2048));
        Assert.Multiple(() =>
        {
            Assert.That(counting.Operations, Is.EqualTo(product.Flops + sum.Flops));
            Assert.That(counting.Bytes, Is.EqualTo(product.Bytes + sum.Bytes + (4096 * 4) + (2 * 2048 * 4)));

            // A product of 64 is bound by operations, the others by bytes.
            Assert.That(counting.Seconds, Is.EqualTo((product.Flops / 1000) + ((sum.Bytes + 16384 + 16384) / 100)).Within(1e-9));
        });
    }

    [Test]
    public void ProductsInBf16_AreOfTensorCores()
    {
        using var host = new HostDevice(threads: 1, selection: new KernelSelection());
        using var counting = new CountingDevice(host, Peaks);
        using var a = counting.Allocate<BFloat16>(64 * 64);
        using var c = counting.Allocate<float>(64 * 64);
        var product = new MatMulBf16Call { M = 64, N = 64, K = 64, A = a.Slice, B = a.Slice, C = c.Slice };
        counting.Run(MatMulOperators.MatMulBf16, in product);
        Assert.That(counting.Seconds, Is.EqualTo(Math.Max(product.Flops / 4000, product.Bytes / 100)).Within(1e-9));
    }

    [Test]
    public void Work_ThatIsReplayed_CountsEveryTime()
    {
        using var host = new HostDevice(threads: 1, selection: new KernelSelection());
        using var counting = new CountingDevice(host);
        using var x = counting.Allocate<float>(4);
        var sum = new AxpbyCall { Count = 4, Alpha = 1, Beta = 1, X = x.Slice, Y = x.Slice };
        using var work = counting.Capture(() =>
        {
            counting.Run(ElementwiseOperators.Axpby, in sum);
            counting.Clear(x.Slice);
        });
        work.Replay();
        work.Replay();
        Assert.That((counting.Operations, counting.Bytes, counting.Seconds), Is.EqualTo((3 * sum.Flops, 3 * (sum.Bytes + 16), 0.0)));
    }

    /// <summary>Blocks that are held share no byte, and what was never written is read as zeros.</summary>
    [Test]
    public void Memory_IsAddressesAlone()
    {
        using var host = new HostDevice(threads: 1, selection: new KernelSelection());
        using var counting = new CountingDevice(host);
        using var huge = counting.Allocate<float>(1L << 40);
        using var next = counting.Allocate<float>(3);
        Assert.That(huge.Slice.Address, Is.Not.Zero);
        Assert.That(next.Slice.Address, Is.GreaterThanOrEqualTo(huge.Slice.From(huge.Slice.Length).Address));
        counting.CopyIn<float>([1, 2, 3], next.Slice);
        var values = new float[] { 7, 7, 7 };
        counting.CopyOut(next.Slice, values);
        Assert.That(values, Is.All.Zero);
        Assert.That((counting.Kind, counting.Precision), Is.EqualTo((DeviceKind.Host, host.Precision)));
    }

    [Test]
    public void Calls_ThatTheOtherDeviceRefuses_AreRefused()
    {
        using var host = new HostDevice(threads: 1, selection: new KernelSelection());
        host.Selection.Choose("axpby=v1-elements", KernelSelection.Origin.Flag);
        using var counting = new CountingDevice(host);
        using var x = counting.Allocate<float>(4);
        var sum = new AxpbyCall { Count = 4, Alpha = 1, Beta = 1, X = x.Slice, Y = x.Slice };
        Assert.That(() => counting.Run(ElementwiseOperators.Axpby, in sum), Throws.TypeOf<KernelException>().With.Message.Contains("axpby"));
        Assert.That(() => counting.Run(ElementwiseOperators.Axpby, sum with { Count = 5 }), Throws.TypeOf<KernelException>());
        Assert.That(counting.Operations, Is.Zero);
    }
}
