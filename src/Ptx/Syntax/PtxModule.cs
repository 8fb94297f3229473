namespace DPT.Engine.Ptx;

/// <summary>A PTX file as a tree. Passes return changed copies; printing gives the text back up to white space.</summary>
/// <param name="Version">As <c>.version</c> has it.</param>
/// <param name="Target">As <c>.target</c> has it, options included.</param>
/// <param name="AddressSize">32 or 64.</param>
/// <param name="Variables">Variables of the module: the dynamic shared memory, constants.</param>
/// <param name="Functions">Entries and functions in order.</param>
public sealed record PtxModule(
    string Version,
    string Target,
    int AddressSize,
    IReadOnlyList<PtxVariable> Variables,
    IReadOnlyList<PtxFunction> Functions)
{
    /// <summary>The one entry of the module.</summary>
    /// <exception cref="PtxException">There is none, or there are several.</exception>
    public PtxFunction Entry => Functions.Where(f => f.IsEntry).ToList() is [var entry]
        ? entry
        : throw new PtxException($"the module has {Functions.Count(f => f.IsEntry)} entries, it must have one");

    /// <summary>The text, as <see cref="PtxPrinter"/> writes it.</summary>
    public override string ToString() => PtxPrinter.Print(this);
}

/// <summary>An entry or a function.</summary>
/// <param name="IsEntry"><c>.entry</c> rather than <c>.func</c>.</param>
/// <param name="Linkage"><c>.visible</c>, <c>.extern</c>, <c>.weak</c>, or empty.</param>
/// <param name="Name">Symbol.</param>
/// <param name="Results">Return parameters; none for an entry.</param>
/// <param name="Parameters">Parameters in order.</param>
/// <param name="Directives">Limits such as <c>.maxntid 256, 1, 1</c>: name with dot, then numbers.</param>
/// <param name="Body">Statements; null for a declaration.</param>
public sealed record PtxFunction(
    bool IsEntry,
    string Linkage,
    string Name,
    IReadOnlyList<PtxVariable> Results,
    IReadOnlyList<PtxVariable> Parameters,
    IReadOnlyList<PtxDirective> Directives,
    IReadOnlyList<PtxStatement>? Body)
{
    /// <summary>Every statement, those inside blocks included, in order.</summary>
    public IEnumerable<PtxStatement> Statements => Body is null ? [] : Flatten(Body);

    /// <summary>Every instruction, in order.</summary>
    public IEnumerable<PtxInstruction> Instructions => Statements.OfType<PtxInstruction>();

    private static IEnumerable<PtxStatement> Flatten(IEnumerable<PtxStatement> statements) =>
        statements.SelectMany(s => s is PtxBlock block ? Flatten(block.Statements).Prepend(block) : [s]);
}

/// <summary>A limit of a function.</summary>
/// <param name="Name">With its dot.</param>
/// <param name="Values">The numbers behind it.</param>
public sealed record PtxDirective(string Name, IReadOnlyList<int> Values);
