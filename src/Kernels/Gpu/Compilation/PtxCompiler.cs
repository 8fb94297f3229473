using System.Collections.Immutable;
using System.Reflection;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Transformations;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace DPT.Engine.Kernels;

/// <summary>
/// A kernel's C# method to PTX text, with no GPU.
/// </summary>
/// <remarks>
/// Optimisation level O1, always: the code placement of O2 moves loads across stores and barriers. O1 leaves addresses
/// generic, so the two passes that find out address spaces are put into its list. Mathematics is the default, IEEE one:
/// a kernel that wants an approximation, or denormals flushed, says so with an instruction (<see cref="Scalar"/>). Instructions
/// carry the C# line that they come from where the assembly of the kernel has its symbols beside it; the code is the same with
/// and without. ILGPU prints lines in one mode only, which it lets nobody choose.
/// </remarks>
public static class PtxCompiler
{
    /// <summary>ILGPU prints nothing above this on its own; <see cref="PtxArchitecture"/> is put in by a pass.</summary>
    private static readonly CudaArchitecture Architecture = CudaArchitecture.SM_80;

    private static readonly PropertyInfo KernelPasses =
        typeof(Backend).GetProperty("KernelTransformers", BindingFlags.Instance | BindingFlags.NonPublic)
        ?? throw new MissingMemberException(nameof(Backend), "KernelTransformers");

    private static readonly PropertyInfo PassList =
        typeof(Transformer)
            .GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Single(p => p.PropertyType == typeof(ImmutableArray<Transformation>));

    private static readonly PropertyInfo SourceLines =
        typeof(ContextProperties).GetProperty(nameof(ContextProperties.DebugSymbolsMode))
        ?? throw new MissingMemberException(nameof(ContextProperties), nameof(ContextProperties.DebugSymbolsMode));

    private static readonly Lock Compiling = new();

    /// <summary>The PTX that ILGPU makes of the kernel, before any pass of ours.</summary>
    /// <remarks>
    /// In a context of its own: one that is used again remembers what it compiled, and prints another text for the same kernel in
    /// another order of compilation.
    /// </remarks>
    /// <exception cref="KernelException">The method does not compile; the message names the kernel and the reason.</exception>
    public static string Compile(GpuKernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        lock (Compiling)
        {
            try
            {
                using var context = Create(kernel.Method.Module.Assembly);
                using var backend = new PTXBackend(context, Architecture, CudaInstructionSet.ISA_80, nvvmAPI: null!);
                AddPasses(backend, kernel.Unroll);
                var entry = EntryPointDescription.FromExplicitlyGroupedKernel(kernel.Method);
                return ((PTXCompiledKernel)backend.Compile(entry, default(KernelSpecialization))).PTXAssembly;
            }
            catch (Exception failure) when (failure is not KernelException)
            {
                throw new KernelException($"{kernel.Id} does not compile: {Innermost(failure)}", failure);
            }
        }
    }

    private static Context Create(Assembly kernels) => Context.Create(builder =>
    {
        builder.Optimize(OptimizationLevel.O1).Math(MathMode.Default).EnableAlgorithms();
        SourceLines.SetValue(builder, DebugSymbolsMode.KernelSourceAnnotations);
        new PtxAsmEmitter(builder.GetIntrinsicManager()).Register(kernels);
    });

    private static string Innermost(Exception failure)
    {
        while (failure.InnerException is { } inner)
        {
            failure = inner;
        }

        return failure.Message;
    }

    /// <summary>
    /// The passes that find out address spaces, and, for kernels that ask for it, those that write loops out and take the
    /// arrays in them apart; ILGPU has them all, in no list that is of use.
    /// </summary>
    private static void AddPasses(PTXBackend backend, int unroll)
    {
        var isFirst = true;
        var transformers = ((ImmutableArray<Transformer>)KernelPasses.GetValue(backend)!)
            .Select(t => Transformer.Create(
                t.Configuration, [.. ((ImmutableArray<Transformation>)PassList.GetValue(t)!).SelectMany(Replace)]));
        KernelPasses.SetValue(backend, transformers.ToImmutableArray());

        IEnumerable<Transformation> Replace(Transformation pass)
        {
            if (pass is LowerStructures && isFirst)
            {
                isFirst = false;
                return [new InferKernelAddressSpaces(MemoryAddressSpace.Global), pass];
            }

            if (pass is SSAStructureConstruction && unroll > 0)
            {
                return
                [
                    new LoopUnrolling(unroll), new UnreachableCodeElimination(), new DeadCodeElimination(), new SimplifyControlFlow(),
                    new LowerStructures(), new DeadCodeElimination(), pass, new DeadCodeElimination(),
                ];
            }

            return [pass is InferAddressSpaces ? new InferLocalAddressSpaces() : pass];
        }
    }
}
