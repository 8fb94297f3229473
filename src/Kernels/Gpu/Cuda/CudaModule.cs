using System.Text;

namespace DPT.Engine.Kernels;

/// <summary>A kernel that the driver has loaded: as a cubin, or compiled by it from the text.</summary>
internal sealed class CudaModule : IDisposable
{
    /// <summary>What a block may have without asking.</summary>
    private const int SharedBytesUnasked = 48 * 1024;

    private readonly CudaContext _context;
    private readonly GpuKernel _kernel;
    private readonly nint _module;
    private readonly nint _function;

    /// <summary>Loads the kernel.</summary>
    /// <param name="context">The card.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="text">Its text.</param>
    /// <param name="cubin">The machine code of that text, where there is some: a driver that is too old for it gets the text.</param>
    /// <exception cref="KernelException">The driver refuses the text, or a block of it does not fit on the card.</exception>
    public CudaModule(CudaContext context, GpuKernel kernel, PtxModule text, byte[]? cubin)
    {
        _context = context;
        _kernel = kernel;
        var driver = context.Use(out _);
        IsCubin = cubin is not null && driver.LoadModule(cubin, out _module, out _) == 0;
        if (!IsCubin)
        {
            var result = driver.LoadModule(Encoding.UTF8.GetBytes(text.ToString() + '\0'), out _module, out var log);
            context.Require(result, $"the driver does not load {kernel.Id} for {text.Target}{(log.Length > 0 ? $"\n{log}\n" : "")}");
        }

        try
        {
            context.Require(driver.FindFunction(_module, text.Entry.Name, out _function), $"{kernel.Id} is not in its module");
            Registers = Attribute(driver, CudaFunctionAttribute.Registers);
            LocalBytes = Attribute(driver, CudaFunctionAttribute.LocalBytes);
            RequireThreads(driver);
            RequireSharedMemory(driver);
        }
        catch
        {
            driver.UnloadModule(_module);
            throw;
        }
    }

    /// <summary>Whether it runs as it was assembled; otherwise the driver compiled it.</summary>
    public bool IsCubin { get; }

    /// <summary>Registers of a thread.</summary>
    public int Registers { get; }

    /// <summary>Bytes of local memory of a thread: registers that did not fit.</summary>
    public int LocalBytes { get; }

    /// <summary>Puts a launch into the stream.</summary>
    /// <exception cref="KernelException">The driver refuses it.</exception>
    public void Launch(GridSize grid, ReadOnlySpan<byte> arguments)
    {
        var driver = _context.Use(out var stream);
        var result = driver.Launch(_function, grid, _kernel.Threads, _kernel.DynamicSharedBytes, stream, arguments, _kernel.Starts);
        if (result != 0)
        {
            throw new KernelException(
                $"{_kernel.Id} on {grid} blocks of {_kernel.Threads} threads with {_kernel.DynamicSharedBytes} bytes of dynamic "
                + $"shared memory: {driver.Describe(result)}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _context.UseToRelease().UnloadModule(_module);

    private void RequireThreads(ICudaDriver driver)
    {
        var max = Attribute(driver, CudaFunctionAttribute.MaxThreads);
        Require.That(
            _kernel.Id,
            max >= _kernel.Threads,
            $"a block has {_kernel.Threads} threads, {max} fit with {Registers} registers each; use fewer of either");
    }

    private void RequireSharedMemory(ICudaDriver driver)
    {
        var asked = _kernel.DynamicSharedBytes;
        var all = Attribute(driver, CudaFunctionAttribute.StaticSharedBytes) + asked;
        if (all <= SharedBytesUnasked)
        {
            return;
        }

        var max = _context.Attribute(CudaAttribute.MaxSharedMemory);
        Require.That(_kernel.Id, all <= max, $"a block needs {all} bytes of shared memory, this GPU has {max}");
        _context.Require(
            driver.SetFunctionAttribute(_function, CudaFunctionAttribute.MaxDynamicSharedBytes, asked),
            $"{_kernel.Id} does not get {asked} bytes of dynamic shared memory");
    }

    private int Attribute(ICudaDriver driver, CudaFunctionAttribute attribute)
    {
        _context.Require(driver.FunctionAttribute(_function, attribute, out var value), $"{_kernel.Id}: no {attribute}");
        return value;
    }
}
