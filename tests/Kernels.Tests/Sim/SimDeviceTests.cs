using DPT.Engine.Kernels;
using ILGPU;

namespace Kernels.Tests;

/// <summary>The device as kernels in C# see it: arguments, memory, schedules.</summary>
public sealed class SimDeviceTests
{
    private static readonly GpuKernel Reverse = new(ReverseKernel, threads: 128);

    [Test]
    public void Launch_AnySeedAndAnyThreads_GivesTheSameBitsAndTheSameCounts()
    {
        const int Count = 1000;
        float[] values = [.. Enumerable.Range(0, Count).Select(i => MathF.Sin(i))];
        var counts = new HashSet<string>();
        foreach (var (seed, threads) in new[] { (1UL, 1), (2UL, 2), (3UL, 3) })
        {
            using var device = new SimDevice(threads, seed, selection: new KernelSelection());
            using var input = device.Upload<float>(values);
            using var output = device.Allocate<float>(Count);
            for (var launch = 1; launch <= 3; launch++)
            {
                device.Clear(output.Slice);
                device.Prepare(Reverse).With(input.Slice).With(output.Slice).With(Count).With(0.5f).On(new GridSize(8));
                var expected = values.Select((_, i) => Mirror(i) < Count ? (values[Mirror(i)] * 0.5f) + i : 0);
                Assert.That(device.Download(output.Slice), Is.EqualTo(expected), $"seed {seed}, launch {launch}");
                Assert.That(device.Launches, Is.EqualTo(launch));
                counts.Add(device.LastLaunch!.ToString());
            }
        }

        Assert.That(counts, Has.Count.EqualTo(1), string.Join(Environment.NewLine, counts));

        static int Mirror(int i) => (i / 128 * 128) + 127 - (i % 128);
    }

    [Test]
    public void Launch_ViewShorterThanTheKernelThinks_NamesTheParameter()
    {
        using var device = new SimDevice(selection: new KernelSelection());
        using var input = device.Upload<float>(new float[256]);
        using var output = device.Allocate<float>(256);
        Assert.That(
            () => device.Prepare(Reverse).With(input.Slice.Range(0, 200)).With(output.Slice).With(256).With(1f).On(new GridSize(2)),
            Throws.TypeOf<KernelException>().With.Message.Contains("SimDeviceTests.ReverseKernel")
                .And.Message.Contains("'input'[200").And.Message.Contains("200 elements of 4 bytes"));
    }

    [Test]
    public void Launch_ArgumentOfAnotherDevice_IsRefused()
    {
        using var host = new HostDevice();
        using var device = new SimDevice(selection: new KernelSelection());
        using var foreign = host.Upload<float>(new float[128]);
        Assert.That(
            () => device.Prepare(Reverse).With(foreign.Slice).With(foreign.Slice).With(128).With(1f).On(new GridSize(1)),
            Throws.TypeOf<KernelException>().With.Message.Contains("SimDeviceTests.ReverseKernel: 'input'").And.Message.Contains("not memory of this device"));
    }

    [Test]
    public void Memory_OfADisposedBuffer_IsGivenBackAtOnce()
    {
        using var device = new SimDevice(selection: new KernelSelection());
        device.Allocate<float>(1000).Dispose();
        Assert.Multiple(() =>
        {
            Assert.That(device.Memory.LiveBlocks, Is.Zero);
            Assert.That(device.Memory.ReservedBytes, Is.Zero);
        });
    }

    [Test]
    public void Copy_OfUnwrittenMemory_StaysUnwritten()
    {
        using var device = new SimDevice(selection: new KernelSelection());
        using var fresh = device.Allocate<float>(128);
        using var input = device.Upload<float>(new float[128]);
        using var output = device.Allocate<float>(128);
        device.Copy(fresh.Slice.Range(64, 64), input.Slice.Range(64, 64));
        Assert.That(
            () => device.Prepare(Reverse).With(input.Slice).With(output.Slice).With(128).With(1f).On(new GridSize(1)),
            Throws.TypeOf<KernelException>().With.Message.Contains("nothing was ever written"));
    }

    /// <summary>Every block turns its elements around through shared memory.</summary>
    private static void ReverseKernel(ArrayView<float> input, ArrayView<float> output, int count, float factor)
    {
        var tile = SharedMemory.Allocate<float>(128);
        var i = (Grid.IdxX * Group.DimX) + Group.IdxX;
        tile[Group.IdxX] = i < count ? input[i] : 0f;
        Group.Barrier();
        var mirrored = tile[127 - Group.IdxX];
        if (i < count)
        {
            output[i] = (mirrored * factor) + ((Grid.IdxX * Group.DimX) + 127 - Group.IdxX < count ? i : 0);
        }
    }
}
