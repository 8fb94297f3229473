using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// Every barrier and every wait of every kernel (in one of its sizes), taken out in turn: the simulator must miss it, or the numbers must
/// be others: a warp that is a barrier ahead of the others throughout is in step with them, on other data. A barrier that nothing misses
/// is in the list below with the reason, and a reason that does not hold any more fails as well.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class MissingBarrierTests
{
    private const string EndsProducts =
        "says that no warp of the group reads its own rows any more: the simulator's warps multiply in step, and of a card's nobody says so";

    private const string ClosesASum =
        "closes BlockReduce.Sum, which has shared memory of its own wherever it is called: only a loop would need it";

    /// <summary>Kernel, number of the barrier or wait in its text, and why nothing misses it.</summary>
    private static readonly Dictionary<(string Kernel, int Number), string> Redundant = new()
    {
        [("MatMulV4TensorBf16.Kernel", 0)] = "the last two groups are empty; it stays in case the number of stages changes",
        [("AttentionForwardBf16V3Short.Kernel.Head32", 2)] =
            "a warp with two strips has met a whole piece's barrier since it read its queries; the widest heads, one strip at a time, need it",
        [("AttentionBackwardBf16V4WholeHead.Kernel.Head32", 2)] =
            "nothing has left through the rows for results yet; where rows that were read are these, as in v3-short, it is needed",
        [("AttentionBackwardBf16V4WholeHead.Kernel.Head32", 12)] =
            "the results of other keys went through two places, with a barrier in between each time",
        [("SquaredErrorV1Block.Kernel", 1)] = ClosesASum,
        [("NormV1Ranges.SumsOfBlock", 1)] = ClosesASum,
        [("NormV1Ranges.SumsOfBlock", 3)] = ClosesASum,
        [("NormV1Ranges.SumsOfBlock", 5)] = ClosesASum,
        [("NormV1Ranges.NormOfAll", 1)] = ClosesASum,
        [("NormV1Ranges.NormOfAll", 3)] = ClosesASum,
        [("NormV1Ranges.NormOfAll", 5)] = ClosesASum,
        [("ClipFactorV1Block.Kernel", 1)] = ClosesASum,
        [("FreeMatchThresholdsV1Block.Kernel", 1)] = ClosesASum,
        [("FreeMatchThresholdsV1Block.Kernel", 3)] = ClosesASum,
        [("FreeMatchFairnessV1Block.Kernel", 1)] = ClosesASum,
        [("SoftMatchWeightsV1Block.Kernel", 1)] = ClosesASum,
        [("SoftMatchWeightsV1Block.Kernel", 4)] = ClosesASum,
        [("SoftMatchWeightsV1Block.Kernel", 6)] = ClosesASum,
        [("UnpatchifyBackwardV1Pixels.Correlate", 1)] = "closes BlockReduce.Sum: the next sum is that of image 65536 behind",
        [("AttentionBackwardBf16V5WarpGroups.QueryRows.Head32.Columns96.Sums96.Columns32.Sums32", 1)] = EndsProducts,
        [("AttentionBackwardBf16V5WarpGroups.KeyRows.Head32.Columns96.Sums96.Columns32.Sums32", 1)] = EndsProducts,
        [("AttentionForwardBf16V5WarpGroups.Kernel.Head32.Columns96.Sums96.Columns32.Sums32", 1)] = EndsProducts,
        [("AttentionForwardBf16V5WarpGroups.Kernel.Head32.Columns96.Sums96.Columns32.Sums32", 3)] =
            "says whose turn it is: nothing changes hands there",
        [("AugmentV1Block.StrongKernel", 4)] = "opens the count of Equalize, where the barrier behind the table has come since",
        [("AugmentV1Block.StrongKernel", 9)] = "closes BlockReduce.Sum in Contrast: BlockImage.Apply ends with a barrier",
    };

    public static IEnumerable<TestCaseData> Kernels() =>
        from op in KernelRegistry.Operators
        from variant in op.Variants
        where variant is IGpuVariant
        from kernel in ((IGpuVariant)variant).Kernels.DistinctBy(k => k.Method.Name)
        where PtxPipeline.Build(kernel, kernel.MinArchitecture).Entry.Instructions.Any(Orders)
        select new TestCaseData(op, variant, kernel).SetArgDisplayNames(op.IdOf(variant), kernel.Id);

    [TestCaseSource(nameof(Kernels))]
    public void Kernel_WithoutOneOfItsBarriers_IsFound(Operator op, KernelVariant variant, GpuKernel kernel)
    {
        var module = PtxPipeline.Build(kernel, kernel.MinArchitecture);
        var cases = PtxFault.CasesOf(op, variant, kernel);
        Assert.That(cases, Is.Not.Empty, "no case launches it");
        var expected = cases.Select(c => new Lazy<List<long>>(() => Numbers(variant, kernel, module, c))).ToList();
        Assert.Multiple(() =>
        {
            for (var number = 0; number < module.Entry.Instructions.Count(Orders); number++)
            {
                var (mutant, dropped) = Without(module, number);
                var isFound = cases.Zip(expected).Any(c => IsFound(variant, kernel, mutant, c.First, c.Second));
                Assert.That(
                    isFound, Is.Not.EqualTo(Redundant.ContainsKey((kernel.Id, number))),
                    $"barrier {number}, PTX line {dropped.Line}: {dropped} was taken out; found: {isFound}");
            }
        });
    }

    [Test]
    public void Redundant_NamesKernelsThatExist() =>
        Assert.That(Redundant.Keys.Select(k => k.Kernel).Distinct(), Is.SubsetOf(GpuKernels.All.Select(k => k.Id)));

    private static bool IsFound(KernelVariant variant, GpuKernel kernel, PtxModule mutant, KernelCase kernelCase, Lazy<List<long>> expected)
    {
        try
        {
            return !Numbers(variant, kernel, mutant, kernelCase).SequenceEqual(expected.Value);
        }
        catch (KernelException)
        {
            return true;
        }
    }

    /// <summary>The bits of what the case leaves in its operands.</summary>
    private static List<long> Numbers(KernelVariant variant, GpuKernel kernel, PtxModule module, KernelCase kernelCase)
    {
        using var device = new SimDevice(threads: 1, architecture: variant.MinArchitecture(), selection: new KernelSelection()) { WatchedBytes = 1 << 17 };
        using var memory = new CaseMemory(device, kernelCase, new CaseValues(kernelCase, 1));
        device.Replace(kernel, module);
        kernelCase.Launch(device, variant, memory);
        return [.. kernelCase.Operands.SelectMany(o => memory.Read(o.Name)).Select(BitConverter.DoubleToInt64Bits)];
    }

    private static bool Orders(PtxInstruction instruction) =>
        instruction.Name is "bar" or "barrier"
        || (instruction.Name == "cp" && (instruction.Has("wait_group") || instruction.Has("wait_all")));

    private static (PtxModule Mutant, PtxInstruction Dropped) Without(PtxModule module, int number)
    {
        var dropped = module.Entry.Instructions.Where(Orders).ElementAt(number);
        return (PtxFault.In(module, dropped, _ => []), dropped);
    }
}
