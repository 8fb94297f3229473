using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>The kernels of every registered GPU variant.</summary>
internal static class GpuKernels
{
    public static IReadOnlyList<GpuKernel> All { get; } =
        [.. KernelRegistry.Operators.SelectMany(o => o.Variants).OfType<IGpuVariant>().SelectMany(v => v.Kernels).Distinct()];

    /// <summary>Each in one of its sizes: for what does not depend on them.</summary>
    public static IReadOnlyList<GpuKernel> Methods { get; } = [.. All.DistinctBy(k => (k.Method.DeclaringType, k.Method.Name))];
}
