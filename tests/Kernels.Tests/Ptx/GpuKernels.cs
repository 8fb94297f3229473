using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>The kernels of every registered GPU variant.</summary>
internal static class GpuKernels
{
    public static IReadOnlyList<GpuKernel> All { get; } =
        [.. KernelRegistry.Operators.SelectMany(o => o.Variants).OfType<IGpuVariant>().SelectMany(v => v.Kernels).Distinct()];
}
