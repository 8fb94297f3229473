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
    /// <exception cref="KernelException">
    /// The kernel does not compile, or not for that architecture; the message names it and the reason.
    /// </exception>
    public static PtxModule Build(GpuKernel kernel, PtxArchitecture architecture) =>
        Built.GetOrAdd((kernel, architecture), key => new(() => Make(key.Item1, key.Item2))).Value;

    /// <summary>The module of the kernel, compiled again.</summary>
    internal static PtxModule Make(GpuKernel kernel, PtxArchitecture architecture)
    {
        if (!architecture.Runs(kernel.MinArchitecture))
        {
            throw new KernelException($"{kernel.Id} is for {kernel.MinArchitecture}, not for {architecture}");
        }

        try
        {
            return PtxPasses.Apply(PtxParser.Parse(PtxCompiler.Compile(kernel)), kernel.ToPtx(), architecture);
        }
        catch (PtxException failure)
        {
            throw new KernelException($"{kernel.Id}: {failure.Message}", failure);
        }
    }
}
