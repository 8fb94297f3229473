using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// Every host variant of every operator, at every vector width, on every case of the registry: double reference,
/// guard bands, unwritten outputs, unchanged inputs, and the same bits for 1, 2 and 7 threads.
/// </summary>
public sealed class HostVariantTests
{
    public static IEnumerable<TestCaseData> Variants()
    {
        foreach (var op in KernelRegistry.Operators)
        {
            foreach (var variant in op.Variants.Where(v => v.Targets.HasFlag(DeviceKind.Host)))
            {
                foreach (var width in Enum.GetValues<SimdWidth>())
                {
                    yield return new TestCaseData(op, variant, width)
                        .SetArgDisplayNames(op.IdOf(variant), width.ToString());
                }
            }
        }
    }

    [TestCaseSource(nameof(Variants))]
    public void Variant_EveryCase_MatchesTheDoubleReference(Operator op, KernelVariant variant, SimdWidth width)
    {
        using var device = new HostDevice(threads: 2, width, new KernelSelection());
        var proven = 0;
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

        Assert.Multiple(() =>
        {
            Assert.That(faults, Is.Empty, string.Join(Environment.NewLine, faults));
            Assert.That(proven, Is.GreaterThan(0), "the variant supports none of its operator's cases");
            Assert.That(device.Memory.LiveBlocks, Is.Zero, "device memory leaked");
        });
    }

    [TestCaseSource(nameof(Variants))]
    public void Variant_AnyThreadCount_GivesTheSameBits(Operator op, KernelVariant variant, SimdWidth width)
    {
        SameBits.Require(op, variant, op.Cases(), On(1), On(2), On(7));

        (string, Func<Device>) On(int threads) =>
            ($"{threads} threads", () => new HostDevice(threads, width, new KernelSelection()));
    }
}
