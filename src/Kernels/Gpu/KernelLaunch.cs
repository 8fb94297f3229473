using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The arguments of one launch in the order of the kernel's parameters: <c>device.Prepare(kernel).With(x).With(n).On(grid)</c>.
/// A parameter that is a struct takes its fields one by one. Every argument is checked against what the kernel takes.
/// </summary>
public ref struct KernelLaunch
{
    private readonly GpuDevice _device;
    private readonly GpuKernel _kernel;
    private ArgumentBytes _bytes;
    private int _count;

    internal KernelLaunch(GpuDevice device, GpuKernel kernel)
    {
        _device = device;
        _kernel = kernel;
    }

    /// <summary>The next argument, an <c>ArrayView&lt;T&gt;</c>; an empty slice is the way an optional operand is left out.</summary>
    [UnscopedRef]
    public ref KernelLaunch With<T>(Slice<T> slice) where T : unmanaged
    {
        var at = Next(GpuParameterKind.View);
        Write(at, (long)slice.Address);
        Write(at + sizeof(long), slice.Length);
        return ref this;
    }

    /// <summary>The next argument, an integer.</summary>
    [UnscopedRef]
    public ref KernelLaunch With(int value)
    {
        Write(Next(GpuParameterKind.Int32), value);
        return ref this;
    }

    /// <summary>The next argument, a long integer.</summary>
    [UnscopedRef]
    public ref KernelLaunch With(long value)
    {
        Write(Next(GpuParameterKind.Int64), value);
        return ref this;
    }

    /// <summary>The next argument, a number.</summary>
    [UnscopedRef]
    public ref KernelLaunch With(float value)
    {
        Write(Next(GpuParameterKind.Float32), value);
        return ref this;
    }

    /// <summary>The next argument, a <see cref="TensorMap"/>: made by the device.</summary>
    [UnscopedRef]
    public ref KernelLaunch With(in TensorTiles tiles)
    {
        var at = Next(GpuParameterKind.TensorMap);
        _device.Encode(in tiles, ((Span<byte>)_bytes).Slice(at, PtxTensorMap.Bytes));
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

        _device.Launch(_kernel, grid, ((ReadOnlySpan<byte>)_bytes)[.._kernel.ArgumentBytes]);
    }

    /// <summary>Where the next argument goes.</summary>
    private int Next(GpuParameterKind kind)
    {
        var isMore = _count < _kernel.Parameters.Count;
        if (!isMore || _kernel.Parameters[_count].Kind != kind)
        {
            throw new KernelException($"{_kernel.Id}: argument {_count} is given as {kind}, the kernel wants "
                + (isMore ? $"'{_kernel.Parameters[_count].Name}', {_kernel.Parameters[_count].Kind}" : "no more"));
        }

        return _kernel.Parameters[_count++].Offset;
    }

    private void Write<T>(int at, T value) where T : unmanaged => MemoryMarshal.Write(((Span<byte>)_bytes)[at..], value);

    [InlineArray(GpuKernel.MaxArgumentBytes)]
    private struct ArgumentBytes
    {
        private byte _first;
    }
}
