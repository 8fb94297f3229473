namespace DPT.Engine.Ptx;

/// <summary>
/// Repairs copies of loop-carried values that ILGPU prints in the wrong order. The copies before a branch belong
/// together: each means the values from before all of them. ILGPU saves a value that a later copy still needs, but
/// misses some (those of arrays that it took apart), and prints <c>mov %f1, %f6; mov %f2, %f1;</c>, where %f2 should get
/// the old %f1.
/// </summary>
/// <remarks>
/// A register is loop-carried, or merged from several branches, if somewhere a reader of it has several writers.
/// </remarks>
internal static class CarriedValues
{
    public static PtxModule Apply(PtxModule module) => module with { Functions = [.. module.Functions.Select(Apply)] };

    private static PtxFunction Apply(PtxFunction function)
    {
        if (function.Body is null)
        {
            return function;
        }

        var flow = new PtxFlow(function);
        var registers = new PtxRegisterTypes(function);
        var declarations = new List<PtxStatement>();
        var changed = new Dictionary<PtxStatement, List<PtxStatement>>(ReferenceEqualityComparer.Instance);
        for (var at = 0; at < flow.Instructions.Count; at++)
        {
            if (flow.Instructions[at].Name is "bra" or "brx")
            {
                Repair(at);
            }
        }

        return changed.Count == 0 ? function : function with
        {
            Body = [.. declarations, .. PtxBody.Rewrite(
                function.Body, s => changed.TryGetValue(s, out var replacement) ? replacement : [s])],
        };

        string Saved(string register)
        {
            var name = $"%carried{declarations.Count}";
            declarations.Add(new PtxRegisters(registers[register], name, null));
            return name;
        }

        void Repair(int branch)
        {
            var overwritten = new Dictionary<string, int>();
            for (var at = FirstCopy(flow, branch); at < branch; at++)
            {
                var copy = flow.Instructions[at];
                var source = copy.Operands[1].ToString();
                if (overwritten.TryGetValue(source, out var writer) && IsMerged(flow, writer, source))
                {
                    var old = Saved(source);
                    Before(flow.Instructions[writer], Copy(registers[source], old, source));
                    changed[copy] = [.. Statements(copy)[..^1], copy with { Operands = [copy.Operands[0], new PtxName(old)] }];
                }

                overwritten.TryAdd(copy.Operands[0].ToString(), at);
            }
        }

        void Before(PtxInstruction instruction, PtxInstruction added) =>
            changed[instruction] =
            [
                .. Statements(instruction)[..^1], added with { Line = instruction.Line, Origin = instruction.Origin }, Statements(instruction)[^1],
            ];

        List<PtxStatement> Statements(PtxInstruction instruction) =>
            changed.TryGetValue(instruction, out var replacement) ? replacement : [instruction];
    }

    private static PtxInstruction Copy(string type, string to, string from) =>
        new(null, "mov" + type, [new PtxName(to), new PtxName(from)]);

    /// <summary>The first of the copies that stand before the branch without anything between.</summary>
    private static int FirstCopy(PtxFlow flow, int branch)
    {
        var first = branch;
        while (first > 0 && flow.Previous(first) is [var before] && before == first - 1
            && flow.Instructions[before] is { Name: "mov", Guard: null })
        {
            first--;
        }

        return first;
    }

    private static bool IsMerged(PtxFlow flow, int writer, string register) =>
        flow.ReadersOf(writer, register).Any(reader => flow.WritersFor(reader, register).Any(other => other != writer));
}
