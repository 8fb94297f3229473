namespace DPT.Engine.Ptx;

/// <summary>An operand of an instruction.</summary>
public abstract record PtxOperand
{
    /// <summary>The operand and everything inside it.</summary>
    public virtual IEnumerable<PtxOperand> Parts => [this];

    /// <inheritdoc/>
    public sealed override string ToString() => PtxPrinter.Print(this);
}

/// <summary>A name: register, special register, variable, function or label. <c>!p</c> is the negated predicate.</summary>
/// <param name="Name">As it stands there, with its percent sign.</param>
/// <param name="IsNegated">With an exclamation mark before it.</param>
public sealed record PtxName(string Name, bool IsNegated = false) : PtxOperand;

/// <summary>A number.</summary>
/// <param name="Text">As it stands there: <c>-1</c>, <c>0x7f</c>, <c>0f3F800000</c>, <c>0d3FF0000000000000</c>.</param>
public sealed record PtxNumber(string Text) : PtxOperand
{
    /// <summary>The bits: of a float or double for <c>0f</c> and <c>0d</c>, else two's complement.</summary>
    public ulong Bits { get; } = PtxType.ParseBits(Text);
}

/// <summary><c>[base+offset]</c>, or <c>[map, {x, y}]</c></summary>
/// <param name="Base">Register, variable or number.</param>
/// <param name="Offset">Bytes.</param>
/// <param name="Coordinates">Where in a tensor; null for every address that is not one of a tensor's.</param>
public sealed record PtxAddress(PtxOperand Base, long Offset, PtxVector? Coordinates = null) : PtxOperand
{
    /// <inheritdoc/>
    public override IEnumerable<PtxOperand> Parts => [this, .. Base.Parts, .. Coordinates?.Parts ?? []];
}

/// <summary><c>{a, b, c, d}</c></summary>
public sealed record PtxVector(IReadOnlyList<PtxOperand> Items) : PtxOperand
{
    /// <inheritdoc/>
    public override IEnumerable<PtxOperand> Parts => Items.SelectMany(i => i.Parts).Prepend(this);
}

/// <summary><c>(a, b)</c>: arguments and results of a call.</summary>
public sealed record PtxArguments(IReadOnlyList<PtxOperand> Items) : PtxOperand
{
    /// <inheritdoc/>
    public override IEnumerable<PtxOperand> Parts => Items.SelectMany(i => i.Parts).Prepend(this);
}

/// <summary><c>a|b</c>: two results.</summary>
public sealed record PtxPair(PtxOperand First, PtxOperand Second) : PtxOperand
{
    /// <inheritdoc/>
    public override IEnumerable<PtxOperand> Parts => [this, .. First.Parts, .. Second.Parts];
}
