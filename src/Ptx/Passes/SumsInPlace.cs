namespace DPT.Engine.Ptx;

/// <summary>
/// Gives the two registers of a copy one name where neither is needed while the other is written, and drops the copy, in functions
/// that multiply with <c>wgmma</c>. ILGPU prints a copy for every value that is carried around a loop or added to in place. The assembler
/// removes most of them, but looks at wgmma before: sums that are copied may not be under way, so it would wait after each
/// product (and the simulator sees a register that is read while it is held).
/// </summary>
/// <remarks>
/// Chaitin's coalescing: registers interfere if one is written while the other is live. Fragments that a product reads in the
/// background keep their registers: the text does not say how long they are needed.
/// </remarks>
internal static class SumsInPlace
{
    public static PtxModule Apply(PtxModule module) => module with { Functions = [.. module.Functions.Select(Apply)] };

    private static PtxFunction Apply(PtxFunction function)
    {
        if (function.Body is null || !function.Instructions.Any(IsProduct))
        {
            return function;
        }

        var types = new PtxRegisterTypes(function);
        var flow = new PtxFlow(function);
        var live = new PtxLiveness(flow, types);
        var neighbours = Interference(flow, live);
        var groups = Merge(flow, live, neighbours, types);
        var names = live.Names.Select((name, i) => (name, To: live.Names[groups[i]])).ToDictionary(p => p.name, p => p.To);
        return function with
        {
            Body = PtxBody.Rewrite(function.Body, s => s is not PtxInstruction i ? [s]
                : PtxNames.Rename(i, names) is var renamed && IsCopy(renamed) && renamed.Operands[0].Equals(renamed.Operands[1]) ? []
                : [renamed]),
        };
    }

    private static HashSet<int>[] Interference(PtxFlow flow, PtxLiveness live)
    {
        var neighbours = live.Names.Select(_ => new HashSet<int>()).ToArray();
        for (var at = 0; at < flow.Instructions.Count; at++)
        {
            var source = IsCopy(flow.Instructions[at]) && live.Reads[at] is [var only] ? only : -1;
            foreach (var written in live.Writes[at])
            {
                foreach (var other in live.After(at).Concat(live.Writes[at]))
                {
                    if (other != written && other != source)
                    {
                        neighbours[written].Add(other);
                        neighbours[other].Add(written);
                    }
                }
            }
        }

        return neighbours;
    }

    /// <summary>The register that stands for each.</summary>
    private static int[] Merge(PtxFlow flow, PtxLiveness live, HashSet<int>[] neighbours, PtxRegisterTypes types)
    {
        var groups = Enumerable.Range(0, live.Names.Count).ToArray();
        var held = flow.Instructions.Where(IsProduct).SelectMany(p => p.Operands.Skip(1)).SelectMany(o => o.Parts)
            .OfType<PtxName>().Select(n => live.Find(n.Name)).ToHashSet();
        foreach (var copy in flow.Instructions.Where(IsCopy))
        {
            if (live.Find(copy.Operands[0].ToString()) is not { } to || live.Find(copy.Operands[1].ToString()) is not { } from
                || held.Contains(to) || held.Contains(from) || types[live.Names[to]] != types[live.Names[from]])
            {
                continue;
            }

            (to, from) = (Root(to), Root(from));
            if (to == from || neighbours[to].Contains(from))
            {
                continue;
            }

            groups[from] = to;
            foreach (var neighbour in neighbours[from])
            {
                neighbours[neighbour].Remove(from);
                neighbours[neighbour].Add(to);
                neighbours[to].Add(neighbour);
            }
        }

        return [.. groups.Select((_, i) => Root(i))];

        int Root(int register) => groups[register] == register ? register : groups[register] = Root(groups[register]);
    }

    private static bool IsProduct(PtxInstruction instruction) => instruction.Name == "wgmma" && instruction.Has("mma_async");

    private static bool IsCopy(PtxInstruction instruction) =>
        instruction is { Name: "mov", Guard: null, Operands: [PtxName, PtxName] };
}
