namespace DPT.Engine.Ptx;

/// <summary>
/// A warp's part of the products of its group: which are under way, and which registers they hold. The numbers are there at once,
/// but every touch of what a card might not have written, or might still read, is a fault.
/// </summary>
internal sealed class GroupProducts(SimWarp warp, IReadOnlyList<string> registers)
{
    private const int None = -1;

    private readonly State[] _states = new State[registers.Count];
    private int _open;
    private int _done;
    private bool _isOpenEmpty = true;

    /// <summary>Groups that were closed; products go to the next.</summary>
    public int Groups => _open;

    /// <summary>Whether some products were not waited for.</summary>
    public bool IsBusy => _done < _open || !_isOpenEmpty;

    /// <summary>A block begins: no register is fenced.</summary>
    public void Clear()
    {
        Array.Fill(_states, new State { Group = None, IsTouched = true });
        (_open, _done, _isOpenEmpty) = (0, 0, true);
    }

    /// <summary>Another instruction reads or writes registers.</summary>
    public void Touch(int[] read, int[] written)
    {
        foreach (var register in read)
        {
            ref var state = ref _states[register];
            if (state.Group != None && !state.IsFactor)
            {
                throw Held(register, "reads");
            }

            state.IsTouched = true;
        }

        foreach (var register in written)
        {
            if (_states[register].Group != None)
            {
                throw Held(register, "writes");
            }

            _states[register].IsTouched = true;
        }
    }

    /// <summary><c>wgmma.fence</c>: what was done to registers so far is seen.</summary>
    public void Fence()
    {
        foreach (ref var state in _states.AsSpan())
        {
            state.IsTouched = false;
            state.Shape = state.Group == None ? 0 : state.Shape;
        }
    }

    /// <summary>A product begins.</summary>
    /// <param name="sums">Registers that it adds to.</param>
    /// <param name="factors">Registers of its left factor.</param>
    /// <param name="shape">Columns: products of one shape may add to the same sums one behind the other.</param>
    public void Begin(int[] sums, int[] factors, int shape)
    {
        foreach (var register in sums)
        {
            ref var state = ref _states[register];
            RequireFenced(register, state.IsTouched || (state.Shape != 0 && state.Shape != shape));
            if (state.Group != None && state.IsFactor)
            {
                throw Held(register, "adds to");
            }

            state = new State { Group = _open, Shape = shape, Instruction = warp.Current };
        }

        foreach (var register in factors)
        {
            ref var state = ref _states[register];
            RequireFenced(register, state.IsTouched);
            if (state.Group != None && !state.IsFactor)
            {
                throw Held(register, "multiplies");
            }

            state = new State { Group = _open, IsFactor = true, Instruction = warp.Current };
        }

        _isOpenEmpty = false;
    }

    /// <summary>Closes the group.</summary>
    public void Commit()
    {
        _open++;
        _isOpenEmpty = true;
    }

    /// <summary>The first groups are done.</summary>
    public void End(int groups)
    {
        _done = Math.Max(_done, groups);
        foreach (ref var state in _states.AsSpan())
        {
            state.Group = state.Group < _done ? None : state.Group;
        }
    }

    private void RequireFenced(int register, bool isTouched)
    {
        if (isTouched)
        {
            throw new SimFault($"uses {registers[register]}, which something else used since the last wgmma.fence");
        }
    }

    private SimFault Held(int register, string verb) => new(
        $"{verb} {registers[register]} while the wgmma at "
        + $"{warp.Block.Shape.Program.Code[_states[register].Instruction].Source.Place} that uses it is not waited for");

    private struct State
    {
        public int Group;
        public int Shape;
        public int Instruction;
        public bool IsFactor;
        public bool IsTouched;
    }
}
