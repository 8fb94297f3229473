using System.Reflection;

namespace DPT.Engine.Kernels;

/// <summary>
/// A kernel as its author wrote it: a static method for one thread of a block of fixed size. It is compiled when it is
/// first launched on a device, or at any time for a look at its PTX.
/// </summary>
/// <remarks>Blocks have one dimension; grids have up to three.</remarks>
public sealed class GpuKernel
{
    /// <summary>Room for arguments in a launch.</summary>
    internal const int MaxArgumentBytes = 1024;

    private readonly int[] _starts;

    /// <summary>Describes a kernel: <c>new GpuKernel(Kernel&lt;Head64&gt;, threads: 128)</c>.</summary>
    /// <param name="method">
    /// A static method without a result. It takes <c>ArrayView&lt;T&gt;</c>, <c>int</c>, <c>long</c>, <c>float</c>, structs of
    /// these, and <see cref="TensorMap"/>. Its type arguments are tile sizes and options, which fold at compile time.
    /// </param>
    /// <param name="threads">Threads of a block, 1 to 1024.</param>
    /// <exception cref="KernelException">It is not such a method.</exception>
    public GpuKernel(Delegate method, int threads) : this((method ?? throw new ArgumentNullException(nameof(method))).Method, threads)
    {
    }

    /// <summary>Describes the same generic method with other type arguments: for tiles that come out of a list.</summary>
    internal GpuKernel(Delegate method, int threads, params Type[] typeArguments)
        : this(method.Method.GetGenericMethodDefinition().MakeGenericMethod(typeArguments), threads)
    {
    }

    private GpuKernel(MethodInfo method, int threads)
    {
        Id = string.Join('.', [method.DeclaringType!.Name, method.Name, .. method.GetGenericArguments().Select(t => t.Name)]);
        Require.That(Id, method.IsStatic && method.ReturnType == typeof(void), "a kernel is a static method without a result");
        Require.Size(Id, "threads of a block", threads, 1, 1024);
        Threads = threads;
        Method = method;
        (Parameters, var starts, ArgumentBytes) = GpuParameter.Of(Id, method);
        _starts = starts;
        HasTensorMaps = Parameters.Any(p => p.Kind == GpuParameterKind.TensorMap);
        Require.Size(Id, "bytes of all arguments", ArgumentBytes, 0, MaxArgumentBytes);
    }

    /// <summary>Class, method and type arguments.</summary>
    public string Id { get; }

    /// <summary>Threads of a block.</summary>
    public int Threads { get; }

    /// <summary>Dynamic shared memory of a block in bytes; static shared memory is limited to 48 KiB.</summary>
    public int DynamicSharedBytes { get; init; }

    /// <summary>Blocks that shall fit on a multiprocessor at once: limits registers. 0 if it does not matter.</summary>
    public int BlocksPerMultiprocessor { get; init; }

    /// <summary>
    /// Loops of a constant number of trips are written out up to so many times, so that arrays with indices that follow from
    /// their counters become registers; 0 keeps all loops.
    /// </summary>
    public int Unroll { get; init; }

    /// <summary>The least architecture whose instructions it uses; devices below it refuse variants that launch it.</summary>
    public PtxArchitecture MinArchitecture { get; init; } = PtxArchitecture.Sm80;

    /// <summary>All architectures that it can be compiled for.</summary>
    public IEnumerable<PtxArchitecture> Architectures => PtxArchitecture.All.Where(a => a.Runs(MinArchitecture));

    /// <summary>What a launch gives, in order: the method's parameters, and for a struct its fields.</summary>
    public IReadOnlyList<GpuParameter> Parameters { get; }

    /// <summary>Bytes of all arguments.</summary>
    internal int ArgumentBytes { get; }

    /// <summary>
    /// Where each parameter starts, for kernels whose parameters are given one by one: where a tensor map lies on a card is the
    /// assembler's choice. Empty for all others.
    /// </summary>
    internal ReadOnlySpan<int> Starts => HasTensorMaps ? _starts : [];

    private bool HasTensorMaps { get; }

    internal MethodInfo Method { get; }

    /// <summary>What passes and reports want to know.</summary>
    public PtxKernel ToPtx() => new(Id, Threads, BlocksPerMultiprocessor, DynamicSharedBytes)
    {
        HasTensorMaps = HasTensorMaps,
    };

    /// <inheritdoc/>
    public override string ToString() => Id;
}
