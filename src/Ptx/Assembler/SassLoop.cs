namespace DPT.Engine.Ptx;

/// <summary>A loop of machine code: what runs between two visits of its first instruction.</summary>
/// <param name="Body">Its instructions in the order of their addresses, those of loops inside it included.</param>
/// <param name="Depth">Loops around it.</param>
public sealed record SassLoop(IReadOnlyList<SassInstruction> Body, int Depth)
{
    /// <summary>Where it starts, in bytes.</summary>
    public int Start => Body[0].Address;

    /// <summary>Its last instruction, in bytes.</summary>
    public int End => Body[^1].Address;

    /// <summary>Clocks that a warp without company waits after the instructions of a round, at least: memory is not in it.</summary>
    public int Stalls => Body.Sum(i => i.Control.Stall);

    /// <summary>Functions that it calls, such as the slow path of a division.</summary>
    public IReadOnlyList<string> Calls => [.. Body.Select(i => i.Callee).OfType<string>().Distinct()];

    /// <summary>Instructions by name, the most frequent first.</summary>
    public IReadOnlyList<(string Name, int Count)> Mix =>
        [.. Body.CountBy(i => i.Name).OrderByDescending(m => m.Value).ThenBy(m => m.Key, StringComparer.Ordinal).Select(m => (m.Key, m.Value))];

    /// <summary>
    /// The natural loops: a branch back to an instruction that every way to the branch leads over, and all that lies between.
    /// Branches back from code that was moved out of the way are none.
    /// </summary>
    internal static IReadOnlyList<SassLoop> Find(SassFlow flow)
    {
        var bodies = new SortedDictionary<int, HashSet<int>>();
        for (var at = 0; at < flow.Instructions.Count; at++)
        {
            foreach (var head in flow.Next(at).Where(next => next <= at))
            {
                if (Between(flow, head, at) is { } body)
                {
                    bodies.TryAdd(head, []);
                    bodies[head].UnionWith(body);
                }
            }
        }

        return
        [
            .. bodies.Values
                .Where(body => body.Count > 1)
                .Select(body => new SassLoop(
                    [.. body.Order().Select(i => flow.Instructions[i])],
                    bodies.Values.Count(other => other.Count > body.Count && other.IsSupersetOf(body))))
                .OrderBy(loop => loop.Start),
        ];
    }

    /// <summary>What leads to the branch without passing the head; null if the start of the kernel is among it.</summary>
    private static HashSet<int>? Between(SassFlow flow, int head, int branch)
    {
        var body = new HashSet<int> { head };
        var open = new Stack<int>([branch]);
        while (open.TryPop(out var at))
        {
            if (body.Add(at))
            {
                foreach (var previous in flow.Previous(at))
                {
                    open.Push(previous);
                }
            }
        }

        return head != 0 && body.Contains(0) ? null : body;
    }
}
