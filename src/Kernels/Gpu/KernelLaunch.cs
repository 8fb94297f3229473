using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The arguments of one launch, laid out as the driver wants them: in order, each at its natural alignment, a view as
/// address and length. Every argument is checked against the kernel's parameter.
/// </summary>
internal ref struct KernelLaunch
{
    private readonly GpuDevice _device;
    private readonly GpuKernel _kernel;
    private ArgumentBytes _bytes;
    private int _used;
    private int _count;

    public KernelLaunch(GpuDevice device, GpuKernel kernel)
    {
        _device = device;
        _kernel = kernel;
    }

    /// <summary>The next argument, a view; an empty slice is the way an optional operand is left out.</summary>
    [UnscopedRef]
    public ref KernelLaunch With<T>(Slice<T> slice) where T : unmanaged
    {
        Expect(GpuParameterKind.View);
        Write((long)slice.Address);
        Write(slice.Length);
        return ref this;
    }

    /// <summary>The next argument, an integer.</summary>
    [UnscopedRef]
    public ref KernelLaunch With(int value)
    {
        Expect(GpuParameterKind.Int32);
        Write(value);
        return ref this;
    }

    /// <summary>The next argument, a long integer.</summary>
    [UnscopedRef]
    public ref KernelLaunch With(long value)
    {
        Expect(GpuParameterKind.Int64);
        Write(value);
        return ref this;
    }

    /// <summary>The next argument, a number.</summary>
    [UnscopedRef]
    public ref KernelLaunch With(float value)
    {
        Expect(GpuParameterKind.Float32);
        Write(value);
        return ref this;
    }

    /// <summary>Launches on that many blocks.</summary>
    /// <exception cref="KernelException">An argument is missing, the grid is none, or the driver refuses.</exception>
    public void On(GridSize grid)
    {
        if (_count != _kernel.Parameters.Count)
        {
            throw new KernelException(
                $"{_kernel.Id}: {_count} arguments were given, the kernel has {_kernel.Parameters.Count} parameters");
        }

        if (!grid.IsWithinLimits)
        {
            throw new KernelException($"{_kernel.Id}: a grid has {GridSize.Limits}, not {grid}");
        }

        _device.Launch(_kernel, grid, ((ReadOnlySpan<byte>)_bytes)[.._used]);
    }

    private void Expect(GpuParameterKind kind)
    {
        if (_count == _kernel.Parameters.Count || _kernel.Parameters[_count].Kind != kind)
        {
            throw new KernelException($"{_kernel.Id}: argument {_count} is given as {kind}, the kernel wants "
                + (_count == _kernel.Parameters.Count ? "no more" : _kernel.Parameters[_count].ToString()));
        }

        _count++;
    }

    private void Write<T>(T value) where T : unmanaged
    {
        var size = Unsafe.SizeOf<T>();
        _used = (_used + size - 1) / size * size;
        MemoryMarshal.Write(((Span<byte>)_bytes)[_used..], value);
        _used += size;
    }

    [InlineArray(1024)]
    private struct ArgumentBytes
    {
        private byte _first;
    }
}
