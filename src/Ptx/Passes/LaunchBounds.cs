namespace DPT.Engine.Ptx;

/// <summary>
/// Tells the assembler the size of a block, and how many blocks shall fit on a multiprocessor: it may then use exactly
/// as many registers as that leaves.
/// </summary>
internal static class LaunchBounds
{
    private static readonly string[] Bounds = [".maxntid", ".minnctapersm"];

    public static PtxModule Apply(PtxModule module, PtxKernel kernel) => module with
    {
        Functions = [.. module.Functions.Select(f => f.IsEntry ? Bound(f, kernel) : f)],
    };

    private static PtxFunction Bound(PtxFunction entry, PtxKernel kernel)
    {
        var directives = entry.Directives.Where(d => !Bounds.Contains(d.Name)).ToList();
        directives.Add(new PtxDirective(".maxntid", [kernel.Threads, 1, 1]));
        if (kernel.BlocksPerMultiprocessor > 0)
        {
            directives.Add(new PtxDirective(".minnctapersm", [kernel.BlocksPerMultiprocessor]));
        }

        return entry with { Directives = directives };
    }
}
