namespace DPT.Engine.Ptx;

/// <summary>
/// Removes functions that no entry reaches. ILGPU prints a declaration and a body for every method that
/// stands for an instruction, although the calls have become that instruction.
/// </summary>
internal static class RemoveUncalledFunctions
{
    public static PtxModule Apply(PtxModule module)
    {
        var bodies = module.Functions.Where(f => f.Body is not null).ToDictionary(f => f.Name);
        var reached = new HashSet<string>();
        var open = new Stack<PtxFunction>(bodies.Values.Where(f => f.IsEntry));
        while (open.TryPop(out var function))
        {
            foreach (var name in Names(function).Where(reached.Add))
            {
                if (bodies.TryGetValue(name, out var called))
                {
                    open.Push(called);
                }
            }
        }

        return module with { Functions = [.. module.Functions.Where(f => f.IsEntry || reached.Contains(f.Name))] };
    }

    /// <summary>Everything that the function mentions: a function may be called, or its address taken.</summary>
    private static IEnumerable<string> Names(PtxFunction function) =>
        from instruction in function.Instructions
        from operand in instruction.Operands
        from part in operand.Parts.OfType<PtxName>()
        select part.Name;
}
