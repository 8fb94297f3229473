namespace DPT.Engine.Ptx;

/// <summary>What the names inside one pair of braces mean; names of the braces around it are seen as well.</summary>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, Register> _registers = [];
    private readonly Dictionary<string, PtxSymbol> _symbols = [];
    private readonly Dictionary<string, int> _labels = [];
    private readonly Dictionary<string, IReadOnlyList<string>> _targets = [];

    /// <summary>A register: its number in the kernel, and its type with the dot.</summary>
    public readonly record struct Register(int Number, string Type)
    {
        public bool IsPredicate => Type == ".pred";

        public int Bytes => PtxType.Bytes(Type);
    }

    /// <summary>A variable: which memory, and the place in it.</summary>
    public readonly record struct PtxSymbol(string Space, int Offset);

    public void Declare(string name, Register register) => _registers[name] = register;

    public void Declare(string name, PtxSymbol symbol) => _symbols[name] = symbol;

    public void Declare(string label, int instruction) => _labels[label] = instruction;

    public void Declare(PtxBranchTargets targets) => _targets[targets.Name] = targets.Labels;

    public Register? FindRegister(string name) =>
        _registers.TryGetValue(name, out var found) ? found : outer?.FindRegister(name);

    public PtxSymbol? FindSymbol(string name) =>
        _symbols.TryGetValue(name, out var found) ? found : outer?.FindSymbol(name);

    public int? FindLabel(string name) => _labels.TryGetValue(name, out var found) ? found : outer?.FindLabel(name);

    public IReadOnlyList<string>? FindTargets(string name) =>
        _targets.TryGetValue(name, out var found) ? found : outer?.FindTargets(name);
}
