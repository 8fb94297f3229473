namespace DPT.Engine.Ptx;

/// <summary>
/// What copies of boxes want: tensor maps among the parameters at multiples of 64 bytes, and dynamic shared memory at a multiple of
/// 1024, where the widest swizzle starts. ILGPU aligns to the fields of a parameter, and to 256 at most; and it loads the fields of
/// every struct, which nobody reads here.
/// </summary>
internal static class TensorParameters
{
    private const int PatternBytes = 1024;

    public static PtxModule Apply(PtxModule module, PtxKernel kernel) => !kernel.HasTensorMaps ? module : module with
    {
        Variables = [.. module.Variables.Select(v => v is { Space: ".shared", Length: 0 } ? v with { Alignment = PatternBytes } : v)],
        Functions = [.. module.Functions.Select(Apply)],
    };

    private static PtxFunction Apply(PtxFunction function)
    {
        var maps = function.Parameters.Where(p => p.Bytes == PtxTensorMap.Bytes).Select(p => p.Name).ToHashSet();
        return function with
        {
            Parameters = [.. function.Parameters.Select(p => maps.Contains(p.Name) ? p with { Alignment = PtxTensorMap.Alignment } : p)],
            Body = function.Body is null ? null : PtxBody.Rewrite(function.Body, s => IsLoadOf(s, maps) ? [] : [s]),
        };
    }

    private static bool IsLoadOf(PtxStatement statement, HashSet<string> maps) =>
        statement is PtxInstruction { Name: "ld", Operands: [_, PtxAddress { Base: PtxName { Name: var name } }] } && maps.Contains(name);
}
