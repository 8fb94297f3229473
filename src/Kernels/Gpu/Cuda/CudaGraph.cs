namespace DPT.Engine.Kernels;

/// <summary>
/// Recorded launches that run with one call. A launch costs the driver about 5 us, more than the kernels of a small network run.
/// </summary>
internal sealed class CudaGraph : CapturedLaunch
{
    private readonly CudaContext _context;
    private readonly nint _executable;

    public CudaGraph(CudaContext context, nint graph)
    {
        _context = context;
        context.Require(context.Use(out _).Instantiate(graph, out _executable), "making a graph of what was recorded");
    }

    /// <summary>Runs everything that was recorded, after all earlier work.</summary>
    /// <exception cref="KernelException">The driver refuses.</exception>
    public override void Run(Device device)
    {
        var driver = _context.Use(out var stream);
        _context.Require(driver.LaunchGraph(_executable, stream), "running a graph");
    }

    /// <inheritdoc/>
    public override void Dispose() => _context.UseToRelease().DestroyExecutable(_executable);
}
