using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>What tests on one finished run share: the run itself, and for each test a device that must be left empty and a folder.</summary>
public abstract class FinishedRunTests
{
    private protected FinishedRun Run { get; private set; } = null!;

    private protected TemporaryFolder Folder { get; private set; } = null!;

    private protected HostDevice Device { get; private set; } = null!;

    [OneTimeSetUp]
    public void MakeRun() => Run = new FinishedRun();

    [OneTimeTearDown]
    public void RemoveRun() => Run.Dispose();

    [SetUp]
    public void MakeDevice() => (Folder, Device) = (new TemporaryFolder(), new HostDevice(threads: 2));

    [TearDown]
    public void RequireEmptyDevice()
    {
        Assert.That(Device.Memory.LiveBlocks, Is.Zero, "device memory");
        Device.Dispose();
        Folder.Dispose();
    }
}
