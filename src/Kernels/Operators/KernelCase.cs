namespace DPT.Engine.Kernels;

/// <summary>
/// One shape of one operator, described once: its operands, how they bind to a call, and what the result must be in
/// double precision. Tests, the kernel tools and the differential tests all run from this description.
/// </summary>
public abstract class KernelCase
{
    private protected KernelCase(string label, IReadOnlyList<Operand> operands)
    {
        Label = label;
        Operands = operands;
    }

    /// <summary>The shape and what is special about the values: unique within the operator.</summary>
    public string Label { get; }

    /// <summary>The operands in the order of declaration.</summary>
    public IReadOnlyList<Operand> Operands { get; }

    /// <summary>Fills the operands of <see cref="FillPattern.Derived"/> from the others, before anything runs.</summary>
    public Action<CaseValues>? Derive { get; init; }

    /// <summary>Error allowed beyond rounding, relative to the size of the result: documented approximations.</summary>
    public double ExtraError { get; init; }

    /// <summary>What makes the values hard ; null for a case with values as they come.</summary>
    public Hardship? Hardship { get; init; }

    /// <summary>
    /// Whether a variant must give the reference's infinities. False where a rearranged formula that is as good may find
    /// NaN in place of an infinity, as a sum that is factored out does.
    /// </summary>
    public bool SameInfinities { get; init; } = true;

    /// <summary>Runs the call on device memory.</summary>
    public abstract void Launch(Device device, KernelVariant variant, CaseMemory memory);

    /// <summary>Whether the variant supports this shape on the device.</summary>
    public abstract bool Supports(Device device, KernelVariant variant, CaseMemory memory, out string? reason);

    /// <summary>Floating-point operations that the mathematics needs, and bytes that must cross memory.</summary>
    public abstract (double Flops, double Bytes) Cost(CaseMemory memory);

    /// <summary>Notes that a variant is the best for calls like this one.</summary>
    public abstract void Note(TuningCache cache, Device device, Operator op, KernelVariant best, CaseMemory memory);

    /// <summary>Computes the outputs in double precision, from values that hold the inputs.</summary>
    public abstract void Truth(CaseValues values);

    /// <summary>Computes what a forward pass saved, from operands that moved; null if it saved nothing.</summary>
    internal Action<CaseValues>? DeriveAgain { get; private protected init; }

    /// <summary>The same shape and call on hard values.</summary>
    /// <param name="hardship">Which values.</param>
    /// <param name="only">The operand that they go into; null for all that start normal.</param>
    internal abstract KernelCase Harden(Hardship hardship, Operand? only);

    /// <inheritdoc/>
    public override string ToString() => Label;
}

/// <summary>A case with the operator's call.</summary>
/// <typeparam name="TCall">The operator's call.</typeparam>
public sealed class KernelCase<TCall> : KernelCase where TCall : struct, IKernelCall
{
    private readonly Func<CaseMemory, TCall> _bind;
    private readonly Action<CaseValues> _truth;

    /// <summary>Describes a case.</summary>
    /// <param name="label">Shape and speciality.</param>
    /// <param name="operands">Operands.</param>
    /// <param name="bind">Makes the call from operands in device memory.</param>
    /// <param name="truth">The double-precision reference.</param>
    public KernelCase(
        string label, IReadOnlyList<Operand> operands, Func<CaseMemory, TCall> bind, Action<CaseValues> truth)
        : base(label, operands)
    {
        _bind = bind;
        _truth = truth;
    }

    /// <inheritdoc/>
    public override void Launch(Device device, KernelVariant variant, CaseMemory memory)
    {
        var call = _bind(memory);
        call.Validate();
        ((KernelVariant<TCall>)variant).Launch(device, in call);
    }

    /// <inheritdoc/>
    public override bool Supports(Device device, KernelVariant variant, CaseMemory memory, out string? reason)
    {
        reason = variant.WhyNot(device);
        if (reason is not null)
        {
            return false;
        }

        var call = _bind(memory);
        return ((KernelVariant<TCall>)variant).Supports(in call, device, out reason);
    }

    /// <inheritdoc/>
    public override (double Flops, double Bytes) Cost(CaseMemory memory)
    {
        var call = _bind(memory);
        return (call.Flops, call.Bytes);
    }

    /// <inheritdoc/>
    public override void Note(TuningCache cache, Device device, Operator op, KernelVariant best, CaseMemory memory)
    {
        ArgumentNullException.ThrowIfNull(cache);
        var call = _bind(memory);
        cache.Set(device, op.Name, call.SampleShape, best.Name);
    }

    /// <inheritdoc/>
    public override void Truth(CaseValues values) => _truth(values);

    internal override KernelCase Harden(Hardship hardship, Operand? only)
    {
        return new KernelCase<TCall>(
            $"{Label}{HardValues.Separator}{hardship}{(only is null ? "" : $" in {only.Name}")}", Operands, _bind, _truth)
        {
            Derive = Values,
            DeriveAgain = Derive,
            Hardship = hardship,
            SameInfinities = SameInfinities,
        };

        void Values(CaseValues values)
        {
            MakeHard(values);
            Derive?.Invoke(values);
            if (only is not null)
            {
                // What a case makes of its operands must not cover what was planted.
                MakeHard(values);
            }
        }

        void MakeHard(CaseValues values)
        {
            foreach (var (operand, index) in Operands.Select((o, i) => (o, i)))
            {
                if (only is null ? HardValues.AreTakenBy(operand) : operand == only)
                {
                    HardValues.PutInto(operand, values[operand.Name], hardship, (values.Seed * 1013) + index);
                }
            }
        }
    }
}
