namespace DPT.Engine.Ptx;

/// <summary>The instructions of a function, and which can follow which.</summary>
internal sealed class PtxFlow
{
    private readonly int[][] _next;
    private readonly List<int>[] _previous;

    public PtxFlow(PtxFunction function)
    {
        var instructions = new List<PtxInstruction>();
        var scopes = new List<Scope>();
        Collect(function.Body ?? [], new Scope(null), instructions, scopes);
        Instructions = instructions;
        _next = [.. instructions.Select((instruction, at) => Followers(instruction, at, scopes[at]))];
        _previous = [.. instructions.Select(_ => new List<int>())];
        for (var at = 0; at < _next.Length; at++)
        {
            foreach (var next in _next[at])
            {
                _previous[next].Add(at);
            }
        }
    }

    /// <summary>Every instruction, those inside blocks included, in order.</summary>
    public IReadOnlyList<PtxInstruction> Instructions { get; }

    /// <summary>The places that control may go to from there.</summary>
    public IReadOnlyList<int> Next(int at) => _next[at];

    /// <summary>The places that control may come from.</summary>
    public IReadOnlyList<int> Previous(int at) => _previous[at];

    /// <summary>The places that may read what the instruction there has written to the register.</summary>
    public IEnumerable<int> ReadersOf(int definition, string register)
    {
        foreach (var at in Walk(_next[definition], at => IsOverwritten(at, register) ? [] : _next[at]))
        {
            if (PtxBody.Reads(Instructions[at]).Contains(register))
            {
                yield return at;
            }
        }
    }

    /// <summary>The places that may have written what an instruction there reads from the register.</summary>
    public IEnumerable<int> WritersFor(int reader, string register)
    {
        foreach (var at in Walk(_previous[reader], at => IsOverwritten(at, register) ? [] : _previous[at]))
        {
            if (PtxBody.Writes(Instructions[at]).Contains(register))
            {
                yield return at;
            }
        }
    }

    private bool IsOverwritten(int at, string register) =>
        Instructions[at].Guard is null && PtxBody.Writes(Instructions[at]).Contains(register);

    private static IEnumerable<int> Walk(IEnumerable<int> start, Func<int, IEnumerable<int>> step)
    {
        var seen = new HashSet<int>();
        var open = new Stack<int>(start);
        while (open.TryPop(out var at))
        {
            if (seen.Add(at))
            {
                yield return at;
                foreach (var next in step(at))
                {
                    open.Push(next);
                }
            }
        }
    }

    private static void Collect(
        IEnumerable<PtxStatement> statements, Scope scope, List<PtxInstruction> instructions, List<Scope> scopes)
    {
        foreach (var statement in statements)
        {
            switch (statement)
            {
                case PtxBlock block:
                    Collect(block.Statements, new Scope(scope), instructions, scopes);
                    break;
                case PtxLabel label:
                    scope.Labels[label.Name] = instructions.Count;
                    break;
                case PtxBranchTargets targets:
                    scope.Tables[targets.Name] = targets.Labels;
                    break;
                case PtxInstruction instruction:
                    instructions.Add(instruction);
                    scopes.Add(scope);
                    break;
            }
        }
    }

    private int[] Followers(PtxInstruction instruction, int at, Scope scope)
    {
        IEnumerable<int> targets = instruction.Name switch
        {
            "bra" => [scope.Label(instruction.Operands[0].ToString())],
            "brx" => scope.Table(instruction.Operands[1].ToString()).Select(scope.Label),
            _ => [],
        };
        var isEnd = instruction.Guard is null && instruction.Name is "bra" or "brx" or "ret" or "exit" or "trap";
        return [.. (isEnd ? targets : targets.Append(at + 1)).Where(t => t < Instructions.Count).Distinct()];
    }

    /// <summary>The labels of a pair of braces; those outside are seen too.</summary>
    private sealed class Scope(Scope? outer)
    {
        public Dictionary<string, int> Labels { get; } = [];

        public Dictionary<string, IReadOnlyList<string>> Tables { get; } = [];

        public int Label(string name) =>
            Labels.TryGetValue(name, out var at) ? at
            : outer?.Label(name) ?? throw new PtxException($"PTX branches to '{name}', which does not exist");

        public IReadOnlyList<string> Table(string name) =>
            Tables.TryGetValue(name, out var labels) ? labels
            : outer?.Table(name) ?? throw new PtxException($"PTX branches over '{name}', which does not exist");
    }
}
