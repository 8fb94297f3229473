using System.Collections.Immutable;

namespace DPT.Engine.Ptx;

/// <summary>What a register is known to hold at some place.</summary>
internal abstract record LocalAddress
{
    /// <summary>A number.</summary>
    public sealed record Constant(long Value) : LocalAddress;

    /// <summary>An address in a variable of local memory.</summary>
    public sealed record Slot(string Variable, long Offset) : LocalAddress;

    /// <summary>An address in one of these variables, or something else.</summary>
    public sealed record Mixed(ImmutableSortedSet<string> Among) : LocalAddress
    {
        public bool Equals(Mixed? other) => other is not null && Among.SetEquals(other.Among);

        public override int GetHashCode() => Among.Count;
    }

    /// <summary>The variables that an address may point into.</summary>
    public ImmutableSortedSet<string> Variables => this switch
    {
        Slot slot => [slot.Variable],
        Mixed mixed => mixed.Among,
        _ => [],
    };

    /// <summary>What is known where two ways meet; null for nothing that matters.</summary>
    public static LocalAddress? Meet(LocalAddress? left, LocalAddress? right)
    {
        if (Equals(left, right))
        {
            return left;
        }

        var among = (left?.Variables ?? []).Union(right?.Variables ?? []);
        return among.IsEmpty ? null : new Mixed(among);
    }
}

/// <summary>
/// Follows addresses of local variables through a function: which loads and stores are at known places, and which
/// variables have an address that goes elsewhere.
/// </summary>
internal sealed class LocalAddresses
{
    private readonly PtxFlow _flow;
    private readonly HashSet<string> _variables;
    private readonly Dictionary<PtxInstruction, LocalAddress.Slot> _accesses = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<PtxInstruction, string> _addresses = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<string> _escaped = [];

    public LocalAddresses(PtxFunction function, IEnumerable<string> variables)
    {
        _flow = new PtxFlow(function);
        _variables = [.. variables];
        var known = Solve();
        for (var at = 0; at < _flow.Instructions.Count; at++)
        {
            Record(_flow.Instructions[at], known[at] ?? []);
        }
    }

    /// <summary>Loads and stores at a known place.</summary>
    public IReadOnlyDictionary<PtxInstruction, LocalAddress.Slot> Accesses => _accesses;

    /// <summary>Instructions that compute an address, with the variable that it is in.</summary>
    public IReadOnlyDictionary<PtxInstruction, string> Computations => _addresses;

    /// <summary>Variables with an address that is used in another way.</summary>
    public IReadOnlySet<string> Escaped => _escaped;

    /// <summary>What is known before each instruction; null for one that control does not reach.</summary>
    private Dictionary<string, LocalAddress>?[] Solve()
    {
        var known = new Dictionary<string, LocalAddress>?[_flow.Instructions.Count];
        var open = new Queue<int>();
        if (known.Length > 0)
        {
            known[0] = [];
            open.Enqueue(0);
        }

        while (open.TryDequeue(out var at))
        {
            var after = After(_flow.Instructions[at], known[at]!);
            foreach (var next in _flow.Next(at).Where(n => Merge(ref known[n], after)))
            {
                open.Enqueue(next);
            }
        }

        return known;
    }

    private static bool Merge(ref Dictionary<string, LocalAddress>? known, Dictionary<string, LocalAddress> arriving)
    {
        if (known is null)
        {
            known = new(arriving);
            return true;
        }

        var isChanged = false;
        foreach (var register in known.Keys.Union(arriving.Keys).ToList())
        {
            var old = known.GetValueOrDefault(register);
            var met = LocalAddress.Meet(old, arriving.GetValueOrDefault(register));
            isChanged |= !Equals(old, met);
            Set(known, register, met);
        }

        return isChanged;
    }

    private Dictionary<string, LocalAddress> After(PtxInstruction instruction, Dictionary<string, LocalAddress> before)
    {
        var after = new Dictionary<string, LocalAddress>(before);
        var result = Result(instruction, before);
        foreach (var register in PtxBody.Writes(instruction))
        {
            Set(after, register, instruction.Guard is null
                ? result
                : LocalAddress.Meet(before.GetValueOrDefault(register), result));
        }

        return after;
    }

    private void Record(PtxInstruction instruction, Dictionary<string, LocalAddress> known)
    {
        var isComputed = Result(instruction, known) is LocalAddress.Slot;
        var isAccess = AccessOf(instruction, known) is not null;
        if (isComputed)
        {
            _addresses[instruction] = ((LocalAddress.Slot)Result(instruction, known)!).Variable;
        }

        if (AccessOf(instruction, known) is { } slot)
        {
            _accesses[instruction] = slot;
        }

        var others = instruction.Operands.Where(o => !(isAccess && o is PtxAddress) && !isComputed);
        var read = others.SelectMany(o => o.Parts).OfType<PtxName>().Select(n => n.Name)
            .Except(PtxBody.Writes(instruction).Except(PtxBody.Reads(instruction)));
        foreach (var name in read)
        {
            _escaped.UnionWith(_variables.Contains(name) ? [name] : known.GetValueOrDefault(name)?.Variables ?? []);
        }
    }

    private LocalAddress.Slot? AccessOf(PtxInstruction instruction, Dictionary<string, LocalAddress> known) =>
        instruction.Name is "ld" or "st" && instruction.Has("local")
        && instruction.Operands.OfType<PtxAddress>().FirstOrDefault() is { } address
        && Value(address.Base, known) is LocalAddress.Slot slot
            ? slot with { Offset = slot.Offset + address.Offset }
            : null;

    /// <summary>The value of an instruction that moves, adds or multiplies what is known.</summary>
    private LocalAddress? Result(PtxInstruction instruction, Dictionary<string, LocalAddress> known)
    {
        var sources = instruction.Operands.Skip(1).Select(o => Value(o, known)).ToArray();
        return (instruction.Name, sources) switch
        {
            ("mov", [{ } value]) => value,
            ("add", [var a, var b]) when Is64Bit(instruction) => Sum(a, b),
            ("mul", [LocalAddress.Constant a, LocalAddress.Constant b]) when IsWholeProduct(instruction) =>
                new LocalAddress.Constant(a.Value * b.Value),
            ("mad", [LocalAddress.Constant a, LocalAddress.Constant b, var c]) when IsWholeProduct(instruction) =>
                Sum(new LocalAddress.Constant(a.Value * b.Value), c),
            _ => null,
        };
    }

    private static bool IsWholeProduct(PtxInstruction instruction) =>
        instruction.Has("wide") || (instruction.Has("lo") && Is64Bit(instruction));

    /// <summary>Arithmetic in fewer bits could wrap.</summary>
    private static bool Is64Bit(PtxInstruction instruction) => instruction.Type is ".u64" or ".s64" or ".b64";

    private static LocalAddress? Sum(LocalAddress? left, LocalAddress? right) => (left, right) switch
    {
        (LocalAddress.Constant a, LocalAddress.Constant b) => new LocalAddress.Constant(a.Value + b.Value),
        (LocalAddress.Slot a, LocalAddress.Constant b) => a with { Offset = a.Offset + b.Value },
        (LocalAddress.Constant a, LocalAddress.Slot b) => b with { Offset = a.Value + b.Offset },
        _ => null,
    };

    private LocalAddress? Value(PtxOperand operand, Dictionary<string, LocalAddress> known) => operand switch
    {
        PtxNumber number => new LocalAddress.Constant((long)number.Bits),
        PtxName name when _variables.Contains(name.Name) => new LocalAddress.Slot(name.Name, 0),
        PtxName name => known.GetValueOrDefault(name.Name),
        _ => null,
    };

    private static void Set(Dictionary<string, LocalAddress> known, string register, LocalAddress? value)
    {
        if (value is null)
        {
            known.Remove(register);
        }
        else
        {
            known[register] = value;
        }
    }
}
