namespace DPT.Engine.Ptx;

/// <summary>
/// Aligns shared memory to 16 bytes: ILGPU aligns an array to its elements, but vector accesses, <c>ldmatrix</c> and
/// <c>cp.async</c> need 16.
/// </summary>
internal static class SharedAlignment
{
    private const int Bytes = 16;

    public static PtxModule Apply(PtxModule module) => module with
    {
        Variables = [.. module.Variables.Select(Raise)],
        Functions = [.. module.Functions.Select(f => f.Body is null ? f : f with { Body = Raise(f.Body) })],
    };

    private static List<PtxStatement> Raise(IReadOnlyList<PtxStatement> statements) => [.. statements.Select(s => s switch
    {
        PtxVariable variable => Raise(variable),
        PtxBlock block => block with { Statements = Raise(block.Statements) },
        _ => s,
    })];

    private static PtxVariable Raise(PtxVariable variable) => variable.Space == ".shared"
        ? variable with { Alignment = Math.Max(Bytes, variable.Aligned) }
        : variable;
}
