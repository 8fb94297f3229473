using System.Collections.Concurrent;

namespace DPT.Engine.Kernels;

/// <summary>
/// A kernel to the module that runs: compiled, parsed, and taken through every pass. The driver and the simulator are
/// given the same text.
/// </summary>
public static class PtxPipeline
{
    private static readonly ConcurrentDictionary<(GpuKernel, PtxArchitecture), Lazy<PtxModule>> Built = new();

    /// <summary>The module of the kernel; it is made once in a process.</summary>
    /// <exception cref="KernelException">The kernel does not compile; the message names it and the reason.</exception>
    public static PtxModule Build(GpuKernel kernel, PtxArchitecture architecture) =>
        Built.GetOrAdd((kernel, architecture), key => new(() => Make(key.Item1, key.Item2))).Value;

    /// <summary>The module of the kernel, compiled again.</summary>
    internal static PtxModule Make(GpuKernel kernel, PtxArchitecture architecture)
    {
        var module = Parse(kernel);
        module = RemoveUncalledFunctions.Apply(module);
        module = CarriedValues.Apply(module);
        module = PromoteLocals.Apply(module);
        module = FoldSharedOffsets.Apply(module);
        module = RemoveDeadCode.Apply(module);
        module = ReadableNames.Apply(module, kernel);
        module = SharedAlignment.Apply(module);
        module = LaunchBounds.Apply(module, kernel);
        return Retarget.Apply(module, architecture);
    }

    private static PtxModule Parse(GpuKernel kernel)
    {
        try
        {
            return PtxParser.Parse(PtxCompiler.Compile(kernel));
        }
        catch (KernelException failure) when (!failure.Message.Contains(kernel.Id, StringComparison.Ordinal))
        {
            throw new KernelException($"{kernel.Id}: {failure.Message}", failure);
        }
    }
}
