using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A kernel as its author wrote it: a static method for one thread of a block of fixed size. It is compiled when it is
/// first launched on a device, or at any time for a look at its PTX.
/// </summary>
/// <remarks>Blocks have one dimension; grids have up to three.</remarks>
public sealed class GpuKernel
{
    /// <summary>Describes a kernel.</summary>
    /// <param name="owner">The class that holds the method.</param>
    /// <param name="method">Name of the static method; it takes views, <c>int</c>, <c>long</c>, <c>float</c>.</param>
    /// <param name="threads">Threads of a block, 1 to 1024.</param>
    /// <param name="typeArguments">Type arguments of the method: tile sizes and options that fold at compile time.</param>
    /// <exception cref="KernelException">There is no such method, or a parameter is of another type.</exception>
    internal GpuKernel(Type owner, string method, int threads, params Type[] typeArguments)
    {
        Require.Size(method, "threads of a block", threads, 1, 1024);
        Threads = threads;
        Id = string.Join('.', [owner.Name, method, .. typeArguments.Select(t => t.Name)]);
        var found = owner.GetMethod(method, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            ?? throw new KernelException($"{owner.Name} has no static method '{method}'");
        Method = typeArguments.Length == 0 ? found : found.MakeGenericMethod(typeArguments);
        Parameters = [.. Method.GetParameters().Select(p => new GpuParameter(
            p.Name!, KindOf(p.ParameterType), ElementBytes(p.ParameterType)))];
    }

    /// <summary>Class, method and type arguments: unique in the engine.</summary>
    public string Id { get; }

    /// <summary>Threads of a block.</summary>
    public int Threads { get; }

    /// <summary>Dynamic shared memory of a block in bytes; static shared memory is limited to 48 KiB.</summary>
    public int DynamicSharedBytes { get; internal init; }

    /// <summary>Blocks that shall fit on a multiprocessor at once: limits registers. 0 if it does not matter.</summary>
    public int BlocksPerMultiprocessor { get; internal init; }

    /// <summary>
    /// Loops of a constant number of trips are written out up to so many times, so that arrays with indices that follow from
    /// their counters become registers; 0 keeps all loops.
    /// </summary>
    public int Unroll { get; internal init; }

    /// <summary>The parameters in order.</summary>
    public IReadOnlyList<GpuParameter> Parameters { get; }

    internal MethodInfo Method { get; }

    /// <summary>What passes and reports want to know.</summary>
    public PtxKernel ToPtx() => new(Id, Threads, BlocksPerMultiprocessor, DynamicSharedBytes);

    /// <inheritdoc/>
    public override string ToString() => Id;

    private static int ElementBytes(Type type) => !type.IsGenericType ? 0 : (int)typeof(Unsafe)
        .GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type.GetGenericArguments()).Invoke(null, null)!;

    private GpuParameterKind KindOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ArrayView<>) ? GpuParameterKind.View
        : type == typeof(int) || type == typeof(uint) ? GpuParameterKind.Int32
        : type == typeof(float) ? GpuParameterKind.Float32
        : type == typeof(long) || type == typeof(ulong) ? GpuParameterKind.Int64
        : throw new KernelException($"{Id}: a kernel cannot have a parameter of type {type.Name}");
}

/// <summary>A parameter of a kernel.</summary>
/// <param name="Name">As in the source.</param>
/// <param name="Kind">Its type, as far as the launch is concerned.</param>
/// <param name="ElementBytes">Bytes of an element of a view; 0 for every other kind.</param>
public readonly record struct GpuParameter(string Name, GpuParameterKind Kind, int ElementBytes = 0);

/// <summary>What a parameter takes in the launch buffer.</summary>
public enum GpuParameterKind
{
    /// <summary>Address and number of elements, 16 bytes.</summary>
    View,

    /// <summary>4 bytes.</summary>
    Int32,

    /// <summary>4 bytes.</summary>
    Float32,

    /// <summary>8 bytes.</summary>
    Int64,
}
