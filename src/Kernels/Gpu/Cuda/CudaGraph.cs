namespace DPT.Engine.Kernels;

/// <summary>Recorded launches that run with one call: where steps are short, launching them costs more than running them.</summary>
public sealed class CudaGraph : IDisposable
{
    private readonly CudaContext _context;
    private readonly nint _executable;

    internal CudaGraph(CudaContext context, nint graph)
    {
        _context = context;
        context.Require(context.Use(out _).Instantiate(graph, out _executable), "making a graph of what was recorded");
    }

    /// <summary>Runs everything that was recorded, after all earlier work.</summary>
    /// <exception cref="KernelException">The driver refuses.</exception>
    public void Run()
    {
        var driver = _context.Use(out var stream);
        _context.Require(driver.LaunchGraph(_executable, stream), "running a graph");
    }

    /// <inheritdoc/>
    public void Dispose() => _context.UseToRelease().DestroyExecutable(_executable);
}
