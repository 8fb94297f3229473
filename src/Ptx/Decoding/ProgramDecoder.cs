namespace DPT.Engine.Ptx;

/// <summary>A parsed kernel to a program: names to places, labels to indices, opcodes to objects.</summary>
internal sealed class ProgramDecoder
{
    private readonly List<(PtxInstruction Instruction, Scope Scope)> _instructions = [];
    private readonly List<int> _registerBytes = [];
    private readonly List<string> _registerNames = [];
    private int _sharedBytes;
    private int _localBytes;

    private ProgramDecoder()
    {
    }

    /// <summary>Decodes the entry of a module.</summary>
    /// <exception cref="PtxException">An instruction is not known; the message names it and its line.</exception>
    public static MachineProgram Decode(PtxModule module)
    {
        var decoder = new ProgramDecoder();
        var scope = new Scope(null);
        var entry = module.Entry;
        var parameterBytes = DeclareParameters(entry, scope);
        foreach (var variable in module.Variables.Where(v => v.Length != 0))
        {
            decoder.Declare(variable, scope);
        }

        var body = entry.Body ?? throw new PtxException($"'{entry.Name}' has no body");
        decoder.Flatten(body, new Scope(scope));
        foreach (var variable in module.Variables.Where(v => v.Length == 0))
        {
            decoder.Declare(variable, scope);
        }

        return decoder.Link(parameterBytes);
    }

    private static int DeclareParameters(PtxFunction entry, Scope scope)
    {
        var bytes = 0;
        foreach (var parameter in entry.Parameters)
        {
            bytes = Align(bytes, parameter.Aligned);
            scope.Declare(parameter.Name, new Scope.PtxSymbol(".param", bytes));
            bytes += parameter.Bytes;
        }

        return bytes;
    }

    private static int Align(int bytes, int alignment) => (bytes + alignment - 1) / alignment * alignment;

    private void Flatten(IReadOnlyList<PtxStatement> statements, Scope scope)
    {
        foreach (var statement in statements)
        {
            switch (statement)
            {
                case PtxInstruction instruction:
                    _instructions.Add((instruction, scope));
                    break;
                case PtxLabel label:
                    scope.Declare(label.Name, _instructions.Count);
                    break;
                case PtxRegisters registers:
                    Declare(registers, scope);
                    break;
                case PtxVariable variable:
                    Declare(variable, scope);
                    break;
                case PtxBranchTargets targets:
                    scope.Declare(targets);
                    break;
                case PtxBlock block:
                    Flatten(block.Statements, new Scope(scope));
                    break;
                default:
                    throw new PtxException($"PTX line {statement.Line}: {statement} is not known to the simulator");
            }
        }
    }

    private void Declare(PtxRegisters registers, Scope scope)
    {
        var names = registers.Count is { } count
            ? Enumerable.Range(0, count).Select(i => $"{registers.Name}{i}")
            : [registers.Name];
        foreach (var name in names)
        {
            scope.Declare(name, new Scope.Register(_registerBytes.Count, registers.Type));
            _registerBytes.Add(PtxType.Bytes(registers.Type));
            _registerNames.Add(name);
        }
    }

    private void Declare(PtxVariable variable, Scope scope)
    {
        ref var used = ref _sharedBytes;
        switch (variable.Space)
        {
            case ".shared":
                break;
            case ".local":
                used = ref _localBytes;
                break;
            default:
                throw new PtxException(
                    $"PTX line {variable.Line}: the simulator has no variables in {variable.Space} ('{variable.Name}')");
        }

        used = Align(used, variable.Aligned);
        scope.Declare(variable.Name, new Scope.PtxSymbol(variable.Space, used));
        used += variable.Bytes;
    }

    private MachineProgram Link(int parameterBytes)
    {
        // Once to learn what every instruction reads and writes, and once more with registers in their places.
        var uses = new List<(RegisterUses Uses, bool IsGuarded)>();
        var code = DecodeAll(new RegisterFile(), uses);
        var successors = code.Select(Successors).ToArray();
        if (code.Length == 0 || successors[^1].Contains(code.Length))
        {
            throw new PtxException("the kernel does not end with a return");
        }

        RequireWritten(uses);
        var file = new RegisterFile();
        int[] watched = [.. uses.SelectMany(u => u.Uses.Watched).Distinct().Order()];
        file.Assign(RegisterAllocation.Assign(file, _registerBytes, uses, successors), watched);
        code = DecodeAll(file, []);
        var meeting = ControlFlow.MeetingPlaces(successors);
        for (var i = 0; i < code.Length; i++)
        {
            if (code[i] is ControlInstruction control)
            {
                // Nobody has to meet only to leave.
                control.Meet = LeadsToReturn(code, meeting[i]) ? ControlFlow.Exit : meeting[i];
                control.IsFollowedByReturn = LeadsToReturn(code, i + 1);
            }
        }

        return new MachineProgram
        {
            Code = [.. code.Select((instruction, i) => Watch(instruction, uses[i].Uses, file, watched))],
            Registers = file,
            ParameterBytes = parameterBytes,
            SharedBytes = _sharedBytes,
            LocalBytes = Align(_localBytes, 16),
            SharedGrain = GrainOf(code, m => m.MayShare),
            GlobalGrain = GrainOf(code, m => m.MayBeGlobal),
            IsAsync = code.OfType<IAsyncInstruction>().Any(),
            WatchedRegisters = [.. watched.Select(r => _registerNames[r])],
            HasAtomics = code.OfType<IAtomicInstruction>().Any(),
            HasGlobalAtomics = code.OfType<IAtomicInstruction>().Any(a => a.MayBeGlobal),
        };
    }

    private MachineInstruction[] DecodeAll(RegisterFile file, List<(RegisterUses Uses, bool IsGuarded)> uses)
    {
        var code = new MachineInstruction[_instructions.Count];
        for (var i = 0; i < code.Length; i++)
        {
            var (instruction, scope) = _instructions[i];
            var operands = new Operands(instruction, scope, file);
            code[i] = Decode(instruction, operands);
            uses.Add((operands.Uses, code[i].Guard >= 0));
        }

        return code;
    }

    private static MachineInstruction Decode(PtxInstruction instruction, Operands operands)
    {
        var decoded = InstructionTable.Decode(operands)
            ?? InstructionFamilies.Decode(operands)
            ?? throw operands.Fault("is an instruction that the simulator does not know");
        decoded.Source = instruction;
        if (instruction.Guard is { } guard)
        {
            decoded.Guard = operands.Guard(guard);
            decoded.GuardFlip = guard.IsNegated ? Lanes.All : 0;
        }

        return decoded;
    }

    /// <summary>The instruction with a look at the watched registers that it uses.</summary>
    private static MachineInstruction Watch(MachineInstruction instruction, RegisterUses uses, RegisterFile file, int[] watched)
    {
        int[] read = [.. watched.Where(uses.Reads.Contains).Select(file.WatchedNumber)];
        int[] written = [.. watched.Where(uses.Writes.Contains).Select(file.WatchedNumber)];
        return uses.Watched.Count > 0 || read.Length + written.Length == 0
            ? instruction
            : new WatchedInstruction(instruction, read, written);
    }

    /// <summary>Throws if an instruction reads a register that none writes.</summary>
    private void RequireWritten(List<(RegisterUses Uses, bool IsGuarded)> uses)
    {
        var written = uses.SelectMany(u => u.Uses.Writes).ToHashSet();
        var reader = uses.FindIndex(u => !u.Uses.Reads.IsSubsetOf(written));
        if (reader >= 0)
        {
            throw Operands.Fault(_instructions[reader].Instruction, "reads a register that nothing writes");
        }
    }

    /// <summary>Whether nothing but branches stands between an instruction and a return.</summary>
    private static bool LeadsToReturn(MachineInstruction[] code, int at)
    {
        for (var steps = 0; steps < code.Length && at < code.Length && code[at].Guard < 0; steps++)
        {
            switch (code[at])
            {
                case ReturnInstruction:
                    return true;
                case BranchInstruction branch:
                    at = branch.Targets[0];
                    break;
                default:
                    return false;
            }
        }

        return false;
    }

    /// <summary>The smallest access of some instructions, but no more than a word.</summary>
    private static int GrainOf(MachineInstruction[] code, Func<MemoryInstruction, bool> isMeant) =>
        code.OfType<MemoryInstruction>().Where(isMeant).Select(m => m.ElementBytes).Append(sizeof(int)).Min();

    private static int[] Successors(MachineInstruction instruction, int index) => instruction is not ControlInstruction control
        ? [index + 1]
        : instruction.Guard < 0 ? control.Targets : [.. control.Targets, index + 1];
}
