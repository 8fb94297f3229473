namespace DPT.Engine.Kernels;

/// <summary>
/// An operation of the engine with all its variants and the cases that prove them. Tests, benchmarks, selection
/// and the command line all read from here, so a variant is registered in one line.
/// </summary>
public abstract class Operator
{
    private protected Operator(string name, Func<IEnumerable<KernelCase>> cases)
    {
        Name = name;
        Cases = cases;
    }

    /// <summary>Dotted lower-case name: <c>attention.forward</c>.</summary>
    public string Name { get; }

    /// <summary>All variants, best first: the first one that supports a call is its default.</summary>
    public abstract IReadOnlyList<KernelVariant> Variants { get; }

    /// <inheritdoc cref="IKernelCall.IntermediateRoundoff"/>
    public abstract double IntermediateRoundoff { get; }

    /// <summary>The cases every variant must pass: shapes that include 1, primes and the edges of tiles.</summary>
    public Func<IEnumerable<KernelCase>> Cases { get; }

    /// <summary>Shapes worth measuring, those of real networks; the largest case if none are named.</summary>
    public Func<IEnumerable<KernelCase>> BenchCases
    {
        get => field ?? (() => [Cases().MaxBy(c => c.Operands.Sum(o => o.Length))!]);
        init;
    }

    /// <summary>The variant of that name.</summary>
    /// <exception cref="KernelException">There is none; the message lists those that exist.</exception>
    public KernelVariant Find(string variant) =>
        Variants.FirstOrDefault(v => v.Name == variant)
        ?? throw new KernelException(
            $"operator '{Name}' has no variant '{variant}'; it has {string.Join(", ", Variants.Select(v => v.Name))}");

    /// <summary>
    /// The variant that is tried first on such a device when nobody asks for one; null if there is none. Where several
    /// kinds are given, one of them is enough.
    /// </summary>
    public KernelVariant? DefaultOn(DeviceKind kind) =>
        InOrderOf(kind).FirstOrDefault(v => (v.Targets & kind) != 0 && !v.IsOnlyByName);

    /// <summary>
    /// The variants as they are tried on such a device: best first, but on a card those first that were proven on one.
    /// </summary>
    private protected abstract IEnumerable<KernelVariant> InOrderOf(DeviceKind kind);

    /// <summary>The full identity of a variant: <c>attention.forward/host-v2-tiles</c>.</summary>
    public string IdOf(KernelVariant variant) => $"{Name}/{variant.Name}";
}

/// <summary>An operator with its typed call.</summary>
/// <typeparam name="TCall">Operands and sizes of one call.</typeparam>
public sealed class Operator<TCall> : Operator where TCall : struct, IKernelCall
{
    /// <summary>Registers an operator.</summary>
    /// <param name="name">Dotted lower-case name.</param>
    /// <param name="cases">The cases that prove a variant.</param>
    /// <param name="variants">The variants, best first.</param>
    public Operator(string name, Func<IEnumerable<KernelCase>> cases, params KernelVariant<TCall>[] variants)
        : base(name, cases)
    {
        TypedVariants = variants;
        ProvenFirst = [.. variants.OrderBy(v => HardwareProofs.DeviceOf(IdOf(v)) is null)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<KernelVariant> Variants => TypedVariants;

    /// <inheritdoc/>
    public override double IntermediateRoundoff => TCall.IntermediateRoundoff;

    internal KernelVariant<TCall>[] TypedVariants { get; }

    private KernelVariant<TCall>[] ProvenFirst { get; }

    /// <summary>The variant of that name; null if there is none.</summary>
    internal KernelVariant<TCall>? FindTyped(string? name) => Array.Find(TypedVariants, v => v.Name == name);

    internal KernelVariant<TCall>[] TypedInOrderOf(DeviceKind kind) =>
        (kind & DeviceKind.Cuda) != 0 ? ProvenFirst : TypedVariants;

    private protected override IEnumerable<KernelVariant> InOrderOf(DeviceKind kind) => TypedInOrderOf(kind);
}
