namespace DPT.Engine.Ptx;

/// <summary>Something that stands in the body of a function.</summary>
public abstract record PtxStatement
{
    /// <summary>Line in the text that was parsed, from 1; 0 for what a pass made.</summary>
    public int Line { get; init; }
}

/// <summary><c>name:</c></summary>
public sealed record PtxLabel(string Name) : PtxStatement;

/// <summary><c>.reg .f32 %f&lt;10&gt;;</c> or <c>.reg .pred p;</c></summary>
/// <param name="Type">With its dot.</param>
/// <param name="Name">Register, or what the names of all start with.</param>
/// <param name="Count">How many registers, numbered from 0; null for the one of that name.</param>
public sealed record PtxRegisters(string Type, string Name, int? Count) : PtxStatement;

/// <summary>A variable in memory: <c>.shared .align 16 .b8 tile[1024];</c>, also a parameter.</summary>
/// <param name="Linkage"><c>.extern</c>, <c>.visible</c> or empty.</param>
/// <param name="Space"><c>.shared</c>, <c>.local</c>, <c>.param</c>, <c>.global</c>, <c>.const</c>.</param>
/// <param name="Alignment">In bytes; null if not given.</param>
/// <param name="Type">With its dot.</param>
/// <param name="Name">Symbol.</param>
/// <param name="Length">Elements; null if not an array, 0 for <c>[]</c>.</param>
public sealed record PtxVariable(
    string Linkage, string Space, int? Alignment, string Type, string Name, int? Length) : PtxStatement
{
    /// <summary>Size in bytes; 0 for an array of open length.</summary>
    public int Bytes => PtxType.Bytes(Type) * (Length ?? 1);

    /// <summary>Alignment in bytes, natural if not given.</summary>
    public int Aligned => Alignment ?? PtxType.Bytes(Type);
}

/// <summary><c>{ … }</c>: names declared inside are not seen outside.</summary>
public sealed record PtxBlock(IReadOnlyList<PtxStatement> Statements) : PtxStatement;

/// <summary><c>name: .branchtargets a, b, c;</c></summary>
public sealed record PtxBranchTargets(string Name, IReadOnlyList<string> Labels) : PtxStatement;

/// <summary>One instruction.</summary>
/// <param name="Guard">Predicate that must hold in a lane for the instruction to be executed there; null for always.</param>
/// <param name="Opcode">All of it with its modifiers: <c>ld.global.v4.f32</c>.</param>
/// <param name="Operands">In order, the destination first where there is one.</param>
public sealed record PtxInstruction(PtxGuard? Guard, string Opcode, IReadOnlyList<PtxOperand> Operands) : PtxStatement
{
    private readonly string[] _parts = Opcode.Split('.');

    /// <summary>Where it comes from, as <c>.loc</c> says; null where the text does not say.</summary>
    public PtxOrigin? Origin { get; init; }

    /// <summary>Where it stands and where it comes from, for messages.</summary>
    public string Place => Origin is null ? $"PTX line {Line}" : $"PTX line {Line} ({Origin})";

    /// <summary>The first word of the opcode: <c>ld</c>.</summary>
    public string Name => _parts[0];

    /// <summary>The words behind it: <c>global</c>, <c>v4</c>, <c>f32</c>.</summary>
    public ReadOnlySpan<string> Modifiers => _parts.AsSpan(1);

    /// <summary>The last word of the opcode, as a type with its dot: <c>.f32</c>.</summary>
    public string Type => "." + _parts[^1];

    /// <summary>Whether a word is among the modifiers.</summary>
    public bool Has(string modifier) => Modifiers.Contains(modifier);

    /// <inheritdoc/>
    public override string ToString() => PtxPrinter.Print(this);
}

/// <summary>The place that an instruction was compiled from.</summary>
/// <param name="File">As <c>.file</c> has it, a name or a path.</param>
/// <param name="Line">Line of that file, from 1.</param>
public sealed record PtxOrigin(string File, int Line)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File}:{Line}";
}

/// <summary><c>@%p</c> or <c>@!%p</c>.</summary>
public readonly record struct PtxGuard(string Register, bool IsNegated);
