namespace DPT.Engine.Ptx;

/// <summary>
/// Four warps that multiply together. Each comes to the same products, with the same operands, at its own time; a group of
/// products is done when all four have committed it.
/// </summary>
internal sealed class SimWarpGroup : IAwaited
{
    private readonly SimWarp[] _warps;
    private readonly List<(int Instruction, ulong A, ulong B, bool IsAdded)> _steps = [];
    private readonly int[] _taken = new int[Agents.WarpsOfAGroup];
    private readonly int[] _committed = new int[Agents.WarpsOfAGroup];

    public SimWarpGroup(SimWarp[] warps, int agent)
    {
        _warps = warps;
        Agent = agent;
    }

    /// <summary>Who reads shared memory for its products.</summary>
    public int Agent { get; }

    /// <summary>Registers that each thread has asked for; 0 if it has not.</summary>
    public int Registers { get; set; }

    public string Missing =>
        $"products that its warpgroup has not begun in every warp (groups committed: {string.Join(", ", _committed)})";

    /// <summary>A block begins.</summary>
    public void Clear()
    {
        _steps.Clear();
        Registers = 0;
        Array.Clear(_taken);
        Array.Clear(_committed);
    }

    /// <summary>A warp does what all four must do, with the same operands.</summary>
    public void Step(SimWarp warp, ulong a = 0, ulong b = 0, bool isAdded = true)
    {
        if (_warps.Length < Agents.WarpsOfAGroup)
        {
            throw new SimFault("does what four warps do together, but its group is not full");
        }

        var step = (warp.Current, a, b, isAdded);
        ref var taken = ref _taken[warp.Number % Agents.WarpsOfAGroup];
        if (taken == _steps.Count)
        {
            _steps.Add(step);
        }
        else if (_steps[taken] != step)
        {
            var other = warp.Block.Shape.Program.Code[_steps[taken].Instruction];
            throw new SimFault(other.Source.Line == warp.Block.Shape.Program.Code[warp.Current].Source.Line
                ? "has other operands than another warp of its warpgroup has here"
                : $"is here where another warp of its warpgroup is at {other.Source.Place}: {other}");
        }

        taken++;
    }

    /// <summary>A warp closes a group of products.</summary>
    public void Commit(SimWarp warp)
    {
        Step(warp);
        _committed[warp.Number % Agents.WarpsOfAGroup]++;
        warp.Block.Wake(this);
    }

    /// <summary>Whether all warps have closed so many groups.</summary>
    public bool HasCommitted(int groups) => _committed.Min() >= groups;

    /// <summary>A warp that has not done all that others of its group have; null if there is none.</summary>
    public SimWarp? Behind() => Array.Find(_warps, w => _taken[w.Number % Agents.WarpsOfAGroup] < _steps.Count);
}
