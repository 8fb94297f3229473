using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// Every GPU variant of every operator on the simulator, on every case of the registry: double reference, guard bands,
/// unwritten outputs, unchanged inputs, the same bits under two schedules, and everything that the simulator watches.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class SimVariantTests
{
    public static IEnumerable<TestCaseData> Variants() =>
        from op in KernelRegistry.Operators
        from variant in op.Variants
        where variant.Targets.HasFlag(DeviceKind.Sim)
        select new TestCaseData(op, variant).SetArgDisplayNames(op.IdOf(variant));

    [TestCaseSource(nameof(Variants))]
    public void Variant_EveryCase_MatchesTheDoubleReference(Operator op, KernelVariant variant)
    {
        using var device = new SimDevice(architecture: variant.MinArchitecture(), selection: new KernelSelection()) { WatchedBytes = 1 << 17 };
        long proven = 0, instructions = 0;
        device.Launched += launch => instructions += launch.LaneInstructions;
        var faults = new List<string>();
        foreach (var kernelCase in op.Cases())
        {
            using (var memory = new CaseMemory(device, kernelCase))
            {
                if (!kernelCase.Supports(device, variant, memory, out _))
                {
                    continue;
                }
            }

            faults.AddRange(KernelProver.Prove(device, op, variant, kernelCase));
            proven++;
        }

        TestContext.Out.WriteLine(
            $"{op.IdOf(variant)}: {proven} cases, {device.Launches} launches, {instructions} lane instructions");
        Assert.Multiple(() =>
        {
            Assert.That(faults, Is.Empty, string.Join(Environment.NewLine, faults));
            Assert.That(proven, Is.GreaterThan(0), "the variant supports none of its operator's cases");
            Assert.That(device.Memory.LiveBlocks, Is.Zero, "device memory leaked");
        });
    }

    [TestCaseSource(nameof(Variants))]
    public void Variant_AnyScheduleAndThreadCount_GivesTheSameBits(Operator op, KernelVariant variant)
    {
        SameBits.Require(op, variant, op.Cases().Where((_, i) => i % 3 == 0), On(11, 1), On(12, 3));

        (string, Func<Device>) On(ulong seed, int threads) => (
            $"schedule {seed} on {threads} threads",
            () => new SimDevice(threads, seed, variant.MinArchitecture(), selection: new KernelSelection()));
    }
}
