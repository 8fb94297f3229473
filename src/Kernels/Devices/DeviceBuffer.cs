namespace DPT.Engine.Kernels;

/// <summary>
/// The one owner of a block of device memory. Disposing it gives the block back to the device's pool;
/// live buffers are counted, so a test can demand that none is left.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
public sealed class DeviceBuffer<T> : IDisposable where T : unmanaged
{
    private readonly DeviceMemory _memory;
    private Slice<T> _slice;

    internal unsafe DeviceBuffer(DeviceMemory memory, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        _memory = memory;
        _slice = new Slice<T>(memory.Rent(checked(length * sizeof(T))), length);
    }

    /// <summary>The whole buffer.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public Slice<T> Slice => _slice.IsEmpty ? throw new ObjectDisposedException(nameof(DeviceBuffer<T>)) : _slice;

    /// <summary>Gives the memory back to the pool. Doing so twice is harmless.</summary>
    public unsafe void Dispose()
    {
        if (!_slice.IsEmpty)
        {
            _memory.Return(_slice.Address, _slice.Length * sizeof(T));
            _slice = default;
        }
    }
}
