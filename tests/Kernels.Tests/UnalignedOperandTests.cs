using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// Every variant of every operator with one operand after the other starting 4 bytes (a byte operand: 1 byte) behind an
/// aligned address: it is refused, or the result is right.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class UnalignedOperandTests
{
    public static IEnumerable<TestCaseData> Variants() =>
        from op in KernelRegistry.Operators
        from variant in op.Variants
        select new TestCaseData(op, variant).SetArgDisplayNames(op.IdOf(variant));

    [TestCaseSource(nameof(Variants))]
    public void Variant_AnyOperandUnaligned_IsRefusedOrRight(Operator op, KernelVariant variant)
    {
        using Device device = variant is IGpuVariant ? new SimDevice(architecture: variant.MinArchitecture(), selection: new KernelSelection()) : new HostDevice();
        var faults = new List<string>();
        var (proven, refused) = (0, 0);
        foreach (var kernelCase in CasesFor(device, op, variant))
        {
            foreach (var operand in kernelCase.Operands)
            {
                using (var memory = new CaseMemory(device, kernelCase, new CaseValues(kernelCase, 1), operand.Name))
                {
                    if (!kernelCase.Supports(device, variant, memory, out var reason))
                    {
                        Assert.That(reason, Does.Contain("multiple of 16 bytes"), $"{op.IdOf(variant)} [{kernelCase}]");
                        refused++;
                        continue;
                    }
                }

                faults.AddRange(KernelProver.Prove(device, op, variant, kernelCase, unaligned: operand.Name));
                proven++;
            }
        }

        TestContext.Out.WriteLine($"{op.IdOf(variant)}: {proven} right, {refused} refused");
        Assert.That(faults, Is.Empty, string.Join(Environment.NewLine, faults));
        Assert.That(proven + refused, Is.GreaterThan(0));
    }

    /// <summary>Cheap cases that the variant supports, with every operand that a case of the operator has.</summary>
    private static IEnumerable<KernelCase> CasesFor(Device device, Operator op, KernelVariant variant)
    {
        var seen = new HashSet<string>();
        var taken = 0;
        foreach (var kernelCase in op.Cases().Where(c => c.Operands.Max(o => o.Length) >= 64))
        {
            using var memory = new CaseMemory(device, kernelCase);
            if (!kernelCase.Supports(device, variant, memory, out _) || kernelCase.Cost(memory).Flops > 2e6)
            {
                continue;
            }

            var hasNew = kernelCase.Operands.Any(o => !seen.Contains(o.Name));
            if (hasNew || taken < 6)
            {
                seen.UnionWith(kernelCase.Operands.Select(o => o.Name));
                taken++;
                yield return kernelCase;
            }
        }
    }
}
