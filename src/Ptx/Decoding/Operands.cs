namespace DPT.Engine.Ptx;

/// <summary>The operands of one instruction as places in the register file.</summary>
internal sealed class Operands(PtxInstruction instruction, Scope scope, RegisterFile file)
{
    /// <summary>The registers that were asked for so far.</summary>
    public RegisterUses Uses { get; } = new();

    public PtxInstruction Instruction => instruction;

    public int Count => instruction.Operands.Count;

    public PtxOperand this[int i] => i < Count ? instruction.Operands[i] : throw Fault("has too few operands");

    public static PtxException Fault(PtxInstruction instruction, string what) =>
        new($"{instruction.Place}: '{instruction.ToString().Replace('\t', ' ')}' {what}");

    public PtxException Fault(string what) => Fault(instruction, what);

    /// <summary>Throws unless there are that many operands.</summary>
    public void Expect(int count)
    {
        if (Count != count)
        {
            throw Fault($"has {Count} operands, it must have {count}");
        }
    }

    /// <summary>A register that is written, of elements of that size.</summary>
    public int Destination(int i, int bytes) => Destination(this[i], bytes);

    /// <inheritdoc cref="Destination(int, int)"/>
    public int Destination(PtxOperand operand, int bytes)
    {
        if (operand is PtxName { Name: "_" })
        {
            return file.Allocate(bytes);
        }

        var register = RegisterOf(operand);
        return !register.IsPredicate && register.Bytes == bytes
            ? Written(register)
            : throw Fault($"writes {bytes} bytes to {operand}, which is a {register.Type}");
    }

    /// <summary>A register, special register, constant or address of a variable that is read.</summary>
    public int Source(int i, int bytes) => Source(this[i], bytes);

    /// <inheritdoc cref="Source(int, int)"/>
    public int Source(PtxOperand operand, int bytes)
    {
        switch (operand)
        {
            case PtxNumber number:
                return file.Constant(number.Bits, bytes);
            case PtxName { Name: "WARP_SZ" }:
                return file.Constant(Lanes.Count, bytes);
            case PtxName { Name: var name } when SpecialRegisters.Find(name) is { } special && bytes == 4:
                return special;
            case PtxName { Name: var name } when scope.FindSymbol(name) is { Space: ".shared" or ".local" } symbol:
                return file.Constant((ulong)symbol.Offset, bytes);
        }

        if (operand is PtxName parameter && scope.FindSymbol(parameter.Name) is { Space: ".param" } place)
        {
            return file.Constant(AddressSpace.ParameterWindow + (ulong)place.Offset, bytes);
        }

        var register = RegisterOf(operand);
        return !register.IsPredicate && register.Bytes == bytes
            ? Read(register)
            : throw Fault($"reads {bytes} bytes of {operand}, which is a {register.Type}");
    }

    /// <summary>A register that is written, and its element size, whatever that is.</summary>
    public (int Offset, int Bytes) AnyDestination(PtxOperand operand) =>
        operand is PtxName { Name: "_" } ? (file.Allocate(8), 8) : (Written(RegisterOf(operand)), WidthOf(operand));

    /// <summary>The element size of a register.</summary>
    public int WidthOf(PtxOperand operand)
    {
        if (operand is PtxName { Name: var name } && SpecialRegisters.Find(name) is not null)
        {
            return sizeof(uint);
        }

        var register = RegisterOf(operand);
        return register.IsPredicate ? throw Fault($"takes {operand}, which is a predicate") : register.Bytes;
    }

    /// <summary>A predicate that is written.</summary>
    public int PredicateDestination(PtxOperand operand) =>
        operand is PtxName { Name: "_" } ? file.Allocate(4) : Written(PredicateOf(operand));

    /// <summary>A predicate that is read: its place and all ones if it is negated.</summary>
    public (int Offset, uint Flip) Predicate(int i) => this[i] switch
    {
        PtxNumber number => (file.Constant(number.Bits == 0 ? 0u : Lanes.All, 4), 0),
        PtxName { IsNegated: true } name => (Read(PredicateOf(name)), Lanes.All),
        var operand => (Read(PredicateOf(operand)), 0),
    };

    /// <summary>The guard, as <see cref="Predicate"/> gives it.</summary>
    public int Guard(PtxGuard guard) => Read(PredicateOf(new PtxName(guard.Register)));

    /// <summary>The base register of an address, its element size, and the offset behind it.</summary>
    public (int Base, int Bytes, long Offset) Address(int i)
    {
        if (this[i] is not PtxAddress address)
        {
            throw Fault($"has {this[i]} where an address must stand");
        }

        if (address.Base is PtxName name && scope.FindSymbol(name.Name) is { } symbol)
        {
            return (file.Constant((ulong)symbol.Offset, 8), 8, address.Offset);
        }

        if (address.Base is PtxNumber number)
        {
            return (file.Constant(number.Bits, 8), 8, address.Offset);
        }

        var register = RegisterOf(address.Base);
        return register.Bytes is 4 or 8
            ? (Read(register), register.Bytes, address.Offset)
            : throw Fault($"has an address in {address.Base}, which is a {register.Type}");
    }

    /// <summary>The variable that an address begins at; null if it begins at a register.</summary>
    public Scope.PtxSymbol? Symbol(int i) =>
        this[i] is PtxAddress { Base: PtxName name } ? scope.FindSymbol(name.Name) : null;

    /// <summary>The parts of <c>{a, b}</c>, or the one operand.</summary>
    public IReadOnlyList<PtxOperand> Vector(int i) => this[i] is PtxVector vector ? vector.Items : [this[i]];

    /// <summary>The literal at that place.</summary>
    public long Literal(int i) => this[i] is PtxNumber number
        ? unchecked((long)number.Bits)
        : throw Fault($"has {this[i]} where a number must stand");

    /// <summary>The number if the operand is one.</summary>
    public ulong? LiteralOrNull(int i) => (this[i] as PtxNumber)?.Bits;

    /// <summary>The instruction that a label stands before.</summary>
    public int Label(PtxOperand operand) => operand is PtxName name ? Label(name.Name) : throw Fault("has no label");

    /// <inheritdoc cref="Label(PtxOperand)"/>
    public int Label(string name) => scope.FindLabel(name) ?? throw Fault($"names '{name}', which is no label");

    /// <summary>The labels of a list of branch targets.</summary>
    public IReadOnlyList<string> Targets(PtxOperand operand) =>
        (operand is PtxName name ? scope.FindTargets(name.Name) : null)
        ?? throw Fault($"names '{operand}', which is no list of targets");

    /// <summary>Whether the operand is a predicate register.</summary>
    public bool IsPredicate(int i) => this[i] is PtxName name && scope.FindRegister(name.Name)?.IsPredicate == true;

    /// <summary>The registers at that place are held by what works in the background: whoever else uses them is looked at.</summary>
    public void Watch(int i)
    {
        foreach (var operand in Vector(i))
        {
            Uses.Watched.Add(RegisterOf(operand).Number);
        }
    }

    /// <summary>The numbers of the watched registers at that place, once all are known.</summary>
    public int[] Watched(int i) => [.. Vector(i).Select(o => file.WatchedNumber(RegisterOf(o).Number))];

    private int Read(Scope.Register register)
    {
        Uses.Reads.Add(register.Number);
        return file.PlaceOf(register.Number);
    }

    private int Written(Scope.Register register)
    {
        Uses.Writes.Add(register.Number);
        return file.PlaceOf(register.Number);
    }

    private Scope.Register PredicateOf(PtxOperand operand)
    {
        var register = RegisterOf(operand);
        return register.IsPredicate
            ? register
            : throw Fault($"takes {operand} as a predicate, it is a {register.Type}");
    }

    private Scope.Register RegisterOf(PtxOperand operand) =>
        operand is PtxName name && scope.FindRegister(name.Name) is { } register
            ? register
            : throw Fault($"names '{operand}', which is no register");
}
