namespace DPT.Engine.Ptx;

/// <summary>Which machine instructions can follow which.</summary>
internal sealed class SassFlow
{
    private readonly int[][] _next;
    private readonly List<int>[] _previous;

    /// <param name="instructions">In the order of their addresses.</param>
    /// <param name="labels">The instruction that each label stands before.</param>
    public SassFlow(IReadOnlyList<SassInstruction> instructions, IReadOnlyDictionary<string, int> labels)
    {
        Instructions = instructions;
        _next = [.. instructions.Select((instruction, at) => Followers(instruction, at, labels))];
        _previous = [.. instructions.Select(_ => new List<int>())];
        foreach (var (at, next) in _next.Index())
        {
            foreach (var follower in next)
            {
                _previous[follower].Add(at);
            }
        }
    }

    public IReadOnlyList<SassInstruction> Instructions { get; }

    /// <summary>The places that control may go to from there.</summary>
    public IReadOnlyList<int> Next(int at) => _next[at];

    /// <summary>The places that control may come from.</summary>
    public IReadOnlyList<int> Previous(int at) => _previous[at];

    /// <summary>The basic blocks in the order of their addresses: what runs as a whole or not at all. A guarded exit ends one.</summary>
    public IEnumerable<IReadOnlyList<SassInstruction>> Blocks()
    {
        var block = new List<SassInstruction>();
        for (var at = 0; at < Instructions.Count; at++)
        {
            var goesOn = at > 0 && _previous[at] is [var before] && before == at - 1 && _next[before].Length == 1
                && Instructions[before].Name != "EXIT";
            if (!goesOn && block.Count > 0)
            {
                yield return block;
                block = [];
            }

            block.Add(Instructions[at]);
        }

        yield return block;
    }

    /// <summary>A called function comes back: control goes on behind the call.</summary>
    private int[] Followers(SassInstruction instruction, int at, IReadOnlyDictionary<string, int> labels)
    {
        var targets = instruction.Targets.Where(labels.ContainsKey).Select(label => labels[label]);
        return [.. (instruction.IsEnd ? targets : targets.Append(at + 1)).Where(t => t < Instructions.Count).Distinct()];
    }
}
