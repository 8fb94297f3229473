using DPT.Engine.Kernels;

namespace Kernels.Tests;

public sealed unsafe class HostWorkspaceTests
{
    [Test]
    public void Mine_EveryThread_HasItsOwnAlignedPart()
    {
        const int Floats = 33;
        using var device = new HostDevice(threads: 4, SimdWidth.Scalar, new KernelSelection());
        using (var workspace = new HostWorkspace(device, Floats))
        {
            var clashes = 0;
            var job = new FillAndCheck { Workspace = workspace, Floats = Floats, Clashes = &clashes };
            device.Workers.For(2000, ref job);
            Assert.That(clashes, Is.Zero);
            Assert.That((int)((nint)workspace.Mine % 64), Is.Zero);
        }

        Assert.That(device.Memory.LiveBlocks, Is.Zero);
    }

    private struct FillAndCheck : IParallelJob
    {
        public HostWorkspace Workspace;
        public int Floats;
        public int* Clashes;

        public readonly void Execute(int index)
        {
            var mine = new Span<float>(Workspace.Mine, Floats);
            mine.Fill(index);
            Thread.SpinWait(10);
            if (mine.ContainsAnyExcept(index))
            {
                Interlocked.Increment(ref *Clashes);
            }
        }
    }
}
