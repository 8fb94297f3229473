using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Plants a fault in the PTX of a kernel, and finds the cases that run it.</summary>
internal static class PtxFault
{
    /// <summary>The module with other statements in place of one.</summary>
    public static PtxModule In(PtxModule module, PtxStatement place, Func<PtxStatement, IEnumerable<PtxStatement>> fault) =>
        module with
        {
            Functions = [.. module.Functions.Select(f => f.Body is null ? f : f with
            {
                Body = PtxBody.Rewrite(f.Body, s => ReferenceEquals(s, place) ? fault(s) : [s]),
            })],
        };

    /// <summary>The cases in which the variant launches the kernel, the cheapest first.</summary>
    public static IReadOnlyList<KernelCase> CasesOf(Operator op, KernelVariant variant, GpuKernel kernel)
    {
        // A device that runs no block tells what would be launched.
        using var device = SimDevice.Virtual(long.MaxValue, _ => [], variant.MinArchitecture());
        var found = new List<(KernelCase Case, long Work)>();
        foreach (var kernelCase in op.Cases())
        {
            long work = 0;
            void Note(SimStatistics launch) => work += launch.Kernel == kernel.Id ? launch.Grid.Blocks : 0;
            using var memory = new CaseMemory(device, kernelCase, new CaseValues(kernelCase, 1));
            if (kernelCase.Supports(device, variant, memory, out _))
            {
                device.Launched += Note;
                kernelCase.Launch(device, variant, memory);
                device.Launched -= Note;
            }

            if (work > 0)
            {
                found.Add((kernelCase, work * (long)Math.Sqrt(kernelCase.Cost(memory).Flops)));
            }
        }

        return [.. found.OrderBy(f => f.Work).Select(f => f.Case)];
    }
}
