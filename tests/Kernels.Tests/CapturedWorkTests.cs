using DPT.Engine.Kernels;
using ILGPU;

namespace Kernels.Tests;

/// <summary>What ran once runs again: the same launches in the same order, on memory that stays theirs.</summary>
public sealed class CapturedWorkTests
{
    private const int Count = 1000;

    private static readonly GpuKernel Double = new(DoubleKernel, threads: 64);

    private static IEnumerable<TestCaseData> Devices =>
    [
        Case("host", () => new HostDevice(threads: 2, selection: new KernelSelection())),
        Case("sim", () => new SimDevice(threads: 1, selection: new KernelSelection())),
    ];

    [TestCaseSource(nameof(Devices))]
    public void Replay_OfCallsClearsAndCopies_RunsThemInOrderOnNewInput(Func<Device> open)
    {
        using var device = open();
        using var input = device.Upload<float>(Values(1));
        using var sum = device.Upload<float>(new float[Count]);
        using var result = device.Allocate<float>(Count);
        void Work()
        {
            using var aside = device.Allocate<float>(Count);
            device.Copy(input.Slice, aside.Slice);
            Add(device, aside.Slice, sum.Slice);
            device.Copy(sum.Slice, result.Slice);
            device.Clear(sum.Slice);
            Add(device, aside.Slice, sum.Slice);
        }

        using var captured = device.Capture(Work);
        Assert.That(captured.Launches, Is.EqualTo(5));
        Assert.That(device.Download(result.Slice), Is.EqualTo(Values(1)), "the capture runs the work");
        device.CopyIn<float>(Values(2), input.Slice);
        captured.Replay();
        var replayed = (device.Download(result.Slice), device.Download(sum.Slice));
        device.CopyIn<float>(Values(1), sum.Slice);
        Work();
        Assert.That((device.Download(result.Slice), device.Download(sum.Slice)), Is.EqualTo(replayed));
        Assert.That(replayed.Item1, Is.EqualTo(Values(1).Zip(Values(2), (x, y) => x + y)));
        Assert.That(replayed.Item2, Is.EqualTo(Values(2)));
    }

    [TestCaseSource(nameof(Devices))]
    public void OnHost_InsideTheWork_RunsAnewAtEveryReplay(Func<Device> open)
    {
        using var device = open();
        using var x = device.Upload<float>(Values(1));
        using var y = device.Allocate<float>(Count);
        var factor = 0;
        using var captured = device.Capture(() =>
        {
            device.Clear(y.Slice);
            device.OnHost(() => device.CopyIn<float>(Values(++factor), x.Slice));
            Add(device, x.Slice, y.Slice);
        });
        Assert.That(device.Download(y.Slice), Is.EqualTo(Values(1)));
        captured.Replay();
        captured.Replay();
        Assert.That(device.Download(y.Slice), Is.EqualTo(Values(3)));
        device.OnHost(() => factor = 7);
        Assert.That(factor, Is.EqualTo(7), "outside of captured work it just runs");
    }

    [TestCaseSource(nameof(Devices))]
    public void Memory_OfTheWork_IsItsOwnUntilItIsDisposed(Func<Device> open)
    {
        using var device = open();
        device.Allocate<float>(Count).Dispose();
        var planned = new List<nint>();
        var captured = device.Capture(() =>
        {
            for (var i = 0; i < 2; i++)
            {
                using var block = device.Allocate<float>(Count);
                device.Clear(block.Slice);
                planned.Add(block.Slice.Address);
            }
        });
        Assert.That(device.Memory.LiveBlocks, Is.EqualTo(planned.Distinct().Count()));
        Assert.That(device.Memory.LiveBytes, Is.EqualTo(4096 * device.Memory.LiveBlocks));
        using (var other = device.Allocate<float>(Count))
        {
            Assert.That(planned, Has.No.Member(other.Slice.Address));
        }

        captured.Dispose();
        captured.Dispose();
        Assert.That((device.Memory.LiveBlocks, device.Memory.LiveBytes), Is.EqualTo((0, 0L)));
        Assert.That(captured.Replay, Throws.TypeOf<ObjectDisposedException>());
        device.Memory.Trim();
        Assert.That(device.Memory.ReservedBytes, Is.Zero);
    }

    [Test]
    public void Memory_InsideTheWork_IsReusedExceptWhereFreshMemoryMustBeFresh()
    {
        int Blocks(Device device)
        {
            using var opened = device;
            using var captured = device.Capture(() =>
            {
                device.Allocate<float>(Count).Dispose();
                device.Allocate<float>(Count).Dispose();
            });
            return device.Memory.LiveBlocks;
        }

        Assert.That(Blocks(new HostDevice(threads: 1, selection: new KernelSelection())), Is.EqualTo(1));
        Assert.That(Blocks(new SimDevice(threads: 1, selection: new KernelSelection())), Is.EqualTo(2));
    }

    [Test]
    public void Simulator_ReadOfUnwrittenMemoryInsideTheWork_IsFound()
    {
        using var device = new SimDevice(threads: 1, selection: new KernelSelection());
        Assert.That(
            () => device.Capture(() =>
            {
                using (var written = device.Allocate<float>(Count))
                {
                    device.Clear(written.Slice);
                }

                using var fresh = device.Allocate<float>(Count);
                device.Prepare(Double).With(fresh.Slice).With(Count).On(new GridSize(16));
            }),
            Throws.TypeOf<KernelException>().With.Message.Contains("nothing was ever written"));
        Assert.That(device.Memory.LiveBlocks, Is.Zero);
    }

    [TestCaseSource(nameof(Devices))]
    public void Capture_OfWhatCannotBeRepeated_IsRefusedAndLeavesTheDeviceUsable(Func<Device> open)
    {
        using var device = open();
        using var x = device.Upload<float>(Values(1));
        DeviceBuffer<float>? kept = null;
        Refuses(() => device.CopyIn<float>(Values(2), x.Slice), "captured work cannot copy from managed memory");
        Refuses(() => device.Download(x.Slice), "captured work cannot copy to managed memory");
        Refuses(() => device.Capture(() => { }), "captured work cannot capture other work");
        Refuses(() => device.OnHost(() => device.Capture(() => { })), "captured work cannot capture other work");
        Refuses(() => kept = device.Allocate<float>(Count), "give back all memory that it takes; it keeps 1 blocks");
        kept!.Dispose();
        using (var other = device.Capture(() => device.Clear(x.Slice)))
        {
            Refuses(other.Replay, "captured work cannot replay other captured work");
        }

        Assert.That(() => device.Capture(() => throw new TimeoutException()), Throws.TypeOf<TimeoutException>());
        device.CopyIn<float>(Values(3), x.Slice);
        Assert.That(device.Download(x.Slice), Is.EqualTo(Values(3)));
        Assert.That(device.Memory.LiveBlocks, Is.EqualTo(1));

        void Refuses(Action work, string message) => Assert.That(
            () => device.Capture(work), Throws.TypeOf<KernelException>().With.Message.Contains(message));
    }

    [Test]
    public void Memory_OfAnEarlierOwner_GoesBackToThePoolAndNotToTheWork()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        var earlier = device.Allocate<float>(Count);
        using var captured = device.Capture(earlier.Dispose);
        Assert.That(device.Memory.LiveBlocks, Is.Zero);
    }

    [TestCase(1)]
    [TestCase(2)]
    public void Replay_AllocatesNothing(int threads)
    {
        using var device = new HostDevice(threads, selection: new KernelSelection());
        using var x = device.Upload<float>(Values(1));
        using var y = device.Upload<float>(Values(1));
        using var norm = device.Allocate<float>(1);
        var hostWork = 0;
        using var work = new RepeatedWork(device, () =>
        {
            using var aside = device.Allocate<float>(Count);
            device.Copy(x.Slice, aside.Slice);
            Add(device, aside.Slice, y.Slice);
            device.OnHost(() => hostWork++);
            device.Run(OptimizerOperators.Norm, new NormCall { Count = Count, X = y.Slice, Result = norm.Slice });
        });
        work.Run();
        work.Run();
        var (managed, system) = (GC.GetAllocatedBytesForCurrentThread(), device.Memory.SystemAllocations);
        for (var i = 0; i < 10; i++)
        {
            work.Run();
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - managed, Is.Zero);
        Assert.That(device.Memory.SystemAllocations, Is.EqualTo(system));
        Assert.That(hostWork, Is.EqualTo(12));
    }

    [Test]
    public void Replay_WithAProfile_NotesEveryCall()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var x = device.Upload<float>(Values(1));
        using var captured = device.Capture(() => Add(device, x.Slice, x.Slice));
        device.Profile = new OperatorProfile();
        captured.Replay();
        captured.Replay();
        Assert.That(device.Profile.Rows.Single().Calls, Is.EqualTo(2));
    }

    private static TestCaseData Case(string name, Func<Device> open) => new TestCaseData(open).SetArgDisplayNames(name);

    private static float[] Values(int factor) => [.. Enumerable.Range(0, Count).Select(i => (float)(factor * i))];

    private static void Add(Device device, Slice<float> x, Slice<float> y) =>
        device.Run(ElementwiseOperators.Axpby, new AxpbyCall { Count = Count, Alpha = 1, Beta = 1, X = x, Y = y });

    private static void DoubleKernel(ArrayView<float> x, int count)
    {
        var i = (Grid.IdxX * Group.DimX) + Group.IdxX;
        if (i < count)
        {
            x[i] = 2 * x[i];
        }
    }
}
