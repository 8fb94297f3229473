namespace DPT.Engine.Kernels;

/// <summary>
/// Device memory for the length of one launch, with arbitrary content. A value and not a <see cref="DeviceBuffer{T}"/>:
/// a launch allocates nothing managed. The default has no memory.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
public readonly ref struct Scratch<T> where T : unmanaged
{
    private readonly DeviceMemory? _memory;

    internal unsafe Scratch(DeviceMemory memory, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        _memory = memory;
        Slice = new Slice<T>(memory.Rent(checked(length * sizeof(T))), length);
        HostBounds.AllowScratch(Slice.Address, length * sizeof(T));
    }

    /// <summary>The memory.</summary>
    public Slice<T> Slice { get; }

    /// <summary>Returns the memory to the pool, after the launch.</summary>
    public unsafe void Dispose() => _memory?.Return(Slice.Address, Slice.Length * sizeof(T));
}
