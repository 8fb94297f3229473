using System.Collections.Concurrent;

namespace DPT.Engine.Kernels;

/// <summary>
/// A kernel to the module that runs: compiled, parsed, and taken through every pass. The driver and the simulator are
/// given the same text.
/// </summary>
public static class PtxPipeline
{
    private static readonly ConcurrentDictionary<GpuKernel, Lazy<PtxModule>> Built = new();

    /// <summary>The module of the kernel; it is made once in a process, and is the same for all architectures but for their names.</summary>
    /// <exception cref="KernelException">
    /// The kernel does not compile, or not for that architecture; the message names it and the reason.
    /// </exception>
    public static PtxModule Build(GpuKernel kernel, PtxArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(architecture);
        return architecture.Runs(kernel.MinArchitecture)
            ? Retarget.Apply(Built.GetOrAdd(kernel, key => new(() => Make(key))).Value, architecture)
            : throw new KernelException($"{kernel.Id} is for {kernel.MinArchitecture}, not for {architecture}");
    }

    /// <summary>The module of the kernel, compiled again, for the least architecture that it runs on.</summary>
    internal static PtxModule Make(GpuKernel kernel)
    {
        try
        {
            return PtxPasses.Apply(PtxParser.Parse(PtxCompiler.Compile(kernel)), kernel.ToPtx(), kernel.MinArchitecture);
        }
        catch (PtxException failure)
        {
            throw new KernelException($"{kernel.Id}: {failure.Message}", failure);
        }
    }
}
