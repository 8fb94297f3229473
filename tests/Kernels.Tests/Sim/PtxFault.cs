using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Plants a fault in the PTX of a kernel.</summary>
internal static class PtxFault
{
    /// <summary>The module with other statements in place of one.</summary>
    public static PtxModule In(PtxModule module, PtxStatement place, Func<PtxStatement, IEnumerable<PtxStatement>> fault) =>
        module with
        {
            Functions = [.. module.Functions.Select(f => f.Body is null ? f : f with
            {
                Body = PtxBody.Rewrite(f.Body, s => ReferenceEquals(s, place) ? fault(s) : [s]),
            })],
        };
}
