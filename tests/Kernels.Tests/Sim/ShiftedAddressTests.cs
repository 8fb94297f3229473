using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// Real kernels with an address one element further or a shared array of half the size: the simulator or
/// the prover must see each.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class ShiftedAddressTests
{
    /// <summary>What BlockReduce takes at most: room for 32 warps of 8 bytes each, of which no block has half.</summary>
    private const int BytesOfBlockReduce = 256;

    public static IEnumerable<TestCaseData> Kernels() =>
        from op in KernelRegistry.Operators
        from variant in op.Variants
        where variant is IGpuVariant
        from kernel in ((IGpuVariant)variant).Kernels.DistinctBy(k => k.Method.Name)
        from fault in Faults(PtxPipeline.Build(kernel, kernel.MinArchitecture))
        select new TestCaseData(op, variant, kernel, fault.Mutant, fault.Place)
            .SetArgDisplayNames(op.IdOf(variant), kernel.Id, fault.Name);

    [TestCaseSource(nameof(Kernels))]
    public void Kernel_WithAFaultInAnAddress_IsFound(
        Operator op, KernelVariant variant, GpuKernel kernel, PtxModule mutant, PtxStatement place)
    {
        var found = PtxFault.CasesOf(op, variant, kernel).Any(c => IsFound(op, variant, kernel, mutant, c));
        Assert.That(found, $"PTX line {place.Line}: {place}");
    }

    private static bool IsFound(
        Operator op, KernelVariant variant, GpuKernel kernel, PtxModule mutant, KernelCase kernelCase)
    {
        using var device = new SimDevice(threads: 1, architecture: variant.MinArchitecture(), selection: new KernelSelection()) { WatchedBytes = 1 << 17 };
        device.Replace(kernel, mutant);
        try
        {
            return KernelProver.Prove(device, op, variant, kernelCase).Count > 0;
        }
        catch (KernelException)
        {
            return true;
        }
    }

    private static IEnumerable<(string Name, PtxModule Mutant, PtxStatement Place)> Faults(PtxModule module)
    {
        var accesses = module.Entry.Instructions.Where(i => i.Operands.OfType<PtxAddress>().Any()).ToList();
        (string Name, PtxInstruction? Place)[] shifted =
        [
            ("first global load", accesses.FirstOrDefault(i => i.Name == "ld" && i.Has("global"))),
            ("last global store", accesses.LastOrDefault(i => i.Name == "st" && i.Has("global"))),
            ("first shared store", accesses.FirstOrDefault(i => i.Name == "st" && i.Has("shared"))),
            ("last shared load", accesses.LastOrDefault(i => i.Name is "ld" or "ldmatrix" && i.Has("shared"))),
        ];
        foreach (var (name, place) in shifted.Where(s => s.Place is not null))
        {
            yield return ($"{name} shifted", PtxFault.In(module, place!, _ => [Shifted(place!)]), place!);
        }

        var arrays = module.Entry.Statements.OfType<PtxVariable>().Where(v => v.Space == ".shared");
        foreach (var array in arrays.Where(a => a.Bytes > BytesOfBlockReduce))
        {
            yield return ($"half of {array.Name}", PtxFault.In(module, array, _ => [array with { Length = array.Length / 2 }]), array);
        }
    }

    private static PtxInstruction Shifted(PtxInstruction access)
    {
        var bytes = access.Name == "ldmatrix" ? 16 : PtxType.Bytes(access.Type)
            * (access.Has("v4") ? 4 : access.Has("v2") ? 2 : 1);
        return access with
        {
            Operands = [.. access.Operands.Select(o => o is PtxAddress a ? a with { Offset = a.Offset + bytes } : o)],
        };
    }
}
