using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>The words for what the simulator saw.</summary>
public sealed class SimVerdictTests
{
    [Test]
    public void Of_StridedKernel_NamesSectorsAndConflicts()
    {
        var verdict = Verdict(stride: 8);
        Assert.That(verdict, Has.Count.EqualTo(4));
        Assert.That(verdict, Has.Some.Match(@"^line \d+ \(SampleKernels\.cs:\d+\), ld\.global\.f32 .*: uncoalesced, 32 sectors per request where 4 would do$"));
        Assert.That(verdict, Has.Some.Match(@"^line \d+ \(SampleKernels\.cs:\d+\), st\.shared\.f32 .*: bank conflicts, 31 extra passes per request$"));
    }

    [Test]
    public void Of_NeighbouringThreads_NamesTheConflictsAlone() =>
        Assert.That(Verdict(stride: 1), Has.Count.EqualTo(2).And.All.Contains("bank conflicts"));

    private static IReadOnlyList<string> Verdict(int stride)
    {
        using var device = new SimDevice(threads: 1, selection: new KernelSelection());
        using var x = device.Upload<float>(new float[64 * stride]);
        device.Prepare(SampleKernels.Kernel(SampleKernels.Strided)).With(x.Slice).With(stride).On(new GridSize(1));
        return SimVerdict.Of(device.LastLaunch!);
    }
}
