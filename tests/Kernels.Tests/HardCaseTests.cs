using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Every variant on hard values: stable where a number is asked for, NaN and infinite where the reference is.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class HardCaseTests
{
    public static IEnumerable<TestCaseData> Variants()
    {
        foreach (var op in KernelRegistry.Operators)
        {
            foreach (var variant in op.Variants)
            {
                if (variant.Targets.HasFlag(DeviceKind.Sim))
                {
                    yield return Case(op, variant, "Sim", () => new SimDevice(architecture: variant.MinArchitecture(), selection: new KernelSelection()));
                }

                foreach (var width in Enum.GetValues<SimdWidth>().Where(_ => variant.Targets.HasFlag(DeviceKind.Host)))
                {
                    yield return Case(
                        op, variant, width.ToString(), () => new HostDevice(threads: 2, width, new KernelSelection()));
                }
            }
        }

        static TestCaseData Case(Operator op, KernelVariant variant, string where, Func<Device> open) =>
            new TestCaseData(op, variant, open).SetArgDisplayNames(op.IdOf(variant), where);
    }

    [TestCase(1L << 33, ExpectedResult = true)]
    [TestCase((1L << 33) + 1, ExpectedResult = false)]
    public bool Norm_OfMoreSquaresThanItsRangesHold_IsRefused(long count)
    {
        using var device = new SimDevice(selection: new KernelSelection());
        var call = new NormCall { Count = count, X = default, Result = default };
        return new NormV1Ranges().Supports(in call, device, out _);
    }

    [TestCaseSource(nameof(Variants))]
    public void Variant_HardValues_GivesWhatTheDoubleReferenceGives(Operator op, KernelVariant variant, Func<Device> open)
    {
        using var device = open();
        var faults = new List<string>();
        var proven = new Dictionary<Hardship, int>();
        foreach (var kernelCase in HardCases.Of(op, c => CaseChoice.Supports(device, variant, c)))
        {
            faults.AddRange(KernelProver.Prove(device, op, variant, kernelCase));
            proven[kernelCase.Hardship!.Value] = proven.GetValueOrDefault(kernelCase.Hardship.Value) + 1;
        }

        TestContext.Out.WriteLine($"{op.IdOf(variant)}: {string.Join(", ", proven.Select(p => $"{p.Value} {p.Key}"))}");
        Assert.Multiple(() =>
        {
            Assert.That(faults, Is.Empty, $"{faults.Count} faults:\n{string.Join(Environment.NewLine, faults.Take(20))}");
            Assert.That(
                proven.Keys, Is.EquivalentTo(HardCases.Of(op, _ => true).Select(c => c.Hardship!.Value).Distinct()),
                "the variant supports no case of some kind");
        });
    }
}
