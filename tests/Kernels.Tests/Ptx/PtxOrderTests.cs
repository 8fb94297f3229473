namespace Kernels.Tests;

/// <summary>
/// The text of a kernel is the same in every process, whatever was compiled before it. Within one process nobody can tell: what a
/// compiler remembers, it remembers for every order that comes later.
/// </summary>
public sealed class PtxOrderTests
{
    private static readonly string[] Kernels =
    [
        "LayerNormForwardV1Warp.Kernel", "LayerNormForwardV2Packs.Kernel.Packs2", "LayerNormBackwardV2Packs.Input.Packs2",
        "CrossEntropyV1Warp.Hard",
    ];

    [Test]
    public async Task Build_InProcessesOfOppositeOrders_GivesTheSameTexts()
    {
        var runs = await Task.WhenAll(ChildProcess.Run(Kernels), ChildProcess.Run(Kernels.Reverse()));
        Assert.That(runs.Select(r => r.ExitCode), Is.All.Zero, runs[0].Output + runs[1].Output);
        var texts = runs.Select(r => r.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)).ToList();
        Assert.That(texts[0], Has.Length.EqualTo(Kernels.Length));
        Assert.That(texts[1], Is.EquivalentTo(texts[0]));
    }
}
