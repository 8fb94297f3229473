namespace DPT.Engine.Kernels;

/// <summary>Values under which kernels go wrong that are right on tame ones.</summary>
public enum Hardship
{
    /// <summary>Normal around 4096: what subtracts its mean too late has nothing left.</summary>
    Offset,

    /// <summary>Rising from -500 to 500 along the operand: maxima come last, sums pass through zero.</summary>
    Ramp,

    /// <summary>Normal, every thirteenth value 1,000 times as large.</summary>
    Outliers,

    /// <summary>Normal times 10,000: exponentials of such numbers overflow and vanish.</summary>
    Huge,

    /// <summary>Denormals, signed zeros and numbers whose squares vanish, in one operand.</summary>
    Tiny,

    /// <summary>NaN in two places of one operand.</summary>
    NaN,

    /// <summary>Infinity in two places of one operand.</summary>
    Infinity,

    /// <summary>Minus infinity in two places of one operand.</summary>
    MinusInfinity,
}

/// <summary>
/// Makes hard cases of an operator's own: the same shapes and calls on values that test stability, and on numbers that
/// are not finite. A variant is held to the double reference on all of them: where that is NaN or infinite the variant must
/// be too, and elsewhere its error is bounded by what rounding its inputs would change (<see cref="KernelProver"/>).
/// </summary>
/// <remarks>
/// Hard values take the place of the normal ones; operands with a meaning (probabilities, second moments, masks, what a
/// forward pass saved) keep theirs. Numbers that are not finite or vanish go into every float operand in turn, because what
/// one operand makes of the result hides what becomes of another; what a forward pass saved follows from them.
/// </remarks>
public static class HardCases
{
    /// <summary>The largest case that is made hard, in elements of all operands: the reference runs six times.</summary>
    private const long MostElements = 30_000;

    /// <summary>Cases that are hard in one operand are many: so many shapes of an operator get them.</summary>
    private const int MostShapes = 6;

    private static readonly Hardship[] InAllOperands =
        [Hardship.Offset, Hardship.Ramp, Hardship.Outliers, Hardship.Huge];

    private static readonly Hardship[] InOneOperand =
        [Hardship.Tiny, Hardship.NaN, Hardship.Infinity, Hardship.MinusInfinity];

    /// <summary>What stands in a label between the shape and the hardship.</summary>
    internal const string Separator = " | ";

    /// <summary>Hard cases of the operator. Operators on integers and bytes alone have none.</summary>
    /// <param name="op">The operator.</param>
    /// <param name="suits">Which of its own cases come into question: those that a variant supports.</param>
    public static IEnumerable<KernelCase> Of(Operator op, Func<KernelCase, bool> suits)
    {
        ArgumentNullException.ThrowIfNull(op);
        var tame = op.Cases().Where(c => IsTame(c) && suits(c)).ToList();
        var inAll =
            from kernelCase in tame
            where kernelCase.Operands.Any(TakesHardValues)
            from hardened in HardInAll(kernelCase)
            select hardened;
        return inAll.Concat(Spread(tame).SelectMany(HardInOne));
    }

    /// <summary>The hard case of that label; null if there is none.</summary>
    internal static KernelCase? Find(Operator op, string label) =>
        op.Cases()
            .Where(c => label.StartsWith(c.Label + Separator, StringComparison.Ordinal))
            .SelectMany(c => HardInAll(c).Concat(HardInOne(c)))
            .FirstOrDefault(c => c.Label == label);

    private static IEnumerable<KernelCase> HardInAll(KernelCase kernelCase) =>
        InAllOperands.Select(hardship => kernelCase.Harden(hardship, only: null));

    private static IEnumerable<KernelCase> HardInOne(KernelCase kernelCase) =>
        from operand in kernelCase.Operands
        where IsReadAsFloats(operand) && operand.Fill != FillPattern.Derived
        from hardship in InOneOperand
        where hardship != Hardship.Tiny || TakesHardValues(operand)
        select kernelCase.Harden(hardship, operand);

    /// <summary>Makes an operand's values hard.</summary>
    internal static void Apply(Operand operand, double[] values, Hardship hardship, int seed)
    {
        switch (hardship)
        {
            case Hardship.NaN:
                Plant(values, double.NaN);
                break;
            case Hardship.Infinity:
                Plant(values, double.PositiveInfinity);
                break;
            case Hardship.MinusInfinity:
                Plant(values, double.NegativeInfinity);
                break;
            default:
                Fill(values, hardship, operand.HardScale, seed);
                break;
        }
    }

    private static void Fill(double[] values, Hardship hardship, double scale, int seed)
    {
        var random = new System.Random(seed);
        for (var i = 0; i < values.Length; i++)
        {
            var normal = DeterministicFill.Normal(random);
            values[i] = scale * hardship switch
            {
                Hardship.Offset => 4096 + normal,
                Hardship.Ramp => (1000.0 * (i + 0.5) / values.Length) - 500,
                Hardship.Outliers => i % 13 == 5 ? 1e3 * normal : normal,
                Hardship.Huge => 1e4 * normal,
                _ => DeterministicFill.Tiny(i, normal),
            };
        }
    }

    /// <summary>Inside the operand and at its end.</summary>
    private static void Plant(double[] values, double value)
    {
        values[values.Length / 3] = value;
        values[^1] = value;
    }

    internal static bool TakesHardValues(Operand operand) =>
        IsReadAsFloats(operand) && operand.Fill == FillPattern.Normal;

    private static bool IsReadAsFloats(Operand operand) =>
        operand.Role != OperandRole.Output && operand.Element is null && operand.Length > 0;

    private static bool IsTame(KernelCase kernelCase) =>
        kernelCase.ExtraError == 0
        && kernelCase.Operands.Sum(o => o.Length) <= MostElements
        && !kernelCase.Operands.Any(
            o => o.Fill is FillPattern.Large or FillPattern.Constant or FillPattern.Level or FillPattern.Tiny);

    /// <summary>Some of the cases, evenly from the first to the last.</summary>
    private static IEnumerable<KernelCase> Spread(List<KernelCase> cases) =>
        cases.Where((_, i) => i == 0 || i * MostShapes / cases.Count != (i - 1) * MostShapes / cases.Count);
}
