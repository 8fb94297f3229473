namespace DPT.Engine.Kernels;

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
    private const long MaxElements = 30_000;

    /// <summary>So many shapes of an operator are hard in all operands: values are what matters here, and shapes have cases of their own.</summary>
    private const int MaxShapes = 24;

    /// <summary>Cases that are hard in one operand are many: so many shapes get them.</summary>
    private const int MaxShapesInOneOperand = 6;

    private static readonly Hardship[] InAllOperands =
        [Hardship.Offset, Hardship.Ramp, Hardship.Outliers, Hardship.Huge];

    private static readonly Hardship[] InOneOperand =
        [Hardship.Tiny, Hardship.NaN, Hardship.Infinity, Hardship.MinusInfinity];

    /// <summary>Hard cases of the operator. Operators on integers and bytes alone have none.</summary>
    /// <param name="op">The operator.</param>
    /// <param name="suits">Which of its own cases come into question: those that a variant supports.</param>
    public static IEnumerable<KernelCase> Of(Operator op, Func<KernelCase, bool> suits)
    {
        ArgumentNullException.ThrowIfNull(op);
        var tame = op.Cases().Where(c => IsTame(c) && suits(c)).ToList();
        var inAll =
            from kernelCase in Spread(tame, MaxShapes)
            where kernelCase.Operands.Any(HardValues.AreTakenBy)
            from hardened in HardInAll(kernelCase)
            select hardened;
        return inAll.Concat(Spread(tame, MaxShapesInOneOperand).SelectMany(HardInOne));
    }

    /// <summary>The hard case of that label; null if there is none.</summary>
    internal static KernelCase? Find(Operator op, string label) =>
        op.Cases()
            .Where(c => label.StartsWith(c.Label + HardValues.Separator, StringComparison.Ordinal))
            .SelectMany(c => HardInAll(c).Concat(HardInOne(c)))
            .FirstOrDefault(c => c.Label == label);

    private static IEnumerable<KernelCase> HardInAll(KernelCase kernelCase) =>
        InAllOperands.Select(hardship => kernelCase.Harden(hardship, only: null));

    private static IEnumerable<KernelCase> HardInOne(KernelCase kernelCase) =>
        from operand in kernelCase.Operands
        where HardValues.CanBeIn(operand) && operand.Fill != FillPattern.Derived
        from hardship in InOneOperand
        where hardship != Hardship.Tiny || HardValues.AreTakenBy(operand)
        select kernelCase.Harden(hardship, operand);

    private static bool IsTame(KernelCase kernelCase) =>
        kernelCase.ExtraError == 0
        && kernelCase.Operands.Sum(o => o.Length) <= MaxElements
        && !kernelCase.Operands.Any(
            o => o.Fill is FillPattern.Large or FillPattern.Constant or FillPattern.Level or FillPattern.Tiny);

    /// <summary>Some of the cases, evenly from the first to the last.</summary>
    private static IEnumerable<KernelCase> Spread(List<KernelCase> cases, int most) =>
        cases.Where((_, i) => i == 0 || i * most / cases.Count != (i - 1) * most / cases.Count);
}
