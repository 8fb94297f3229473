namespace DPT.Engine.Kernels;

/// <summary>
/// Proves a variant on a case: the double reference, guard bands, unwritten outputs, unchanged inputs, and the same
/// bits when run again.
/// </summary>
public static class KernelProver
{
    /// <summary>Runs the case and lists everything that is wrong with it; an empty list is the proof.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="op">The operator.</param>
    /// <param name="variant">The variant; it must support the case.</param>
    /// <param name="kernelCase">The case.</param>
    /// <param name="seed">Seed of the operands.</param>
    /// <param name="libraryErrors">Largest error of an established library, by output; null if there is none.</param>
    /// <param name="factor">Allowed multiple of that error.</param>
    public static IReadOnlyList<string> Prove(
        Device device,
        Operator op,
        KernelVariant variant,
        KernelCase kernelCase,
        int seed = 1,
        IReadOnlyDictionary<string, double>? libraryErrors = null,
        double factor = Tolerance.Forward)
    {
        var start = new CaseValues(kernelCase, seed);
        var truth = start.Clone();
        kernelCase.Truth(truth);
        var faults = new List<string>();
        var replay = $"{op.IdOf(variant)} [{kernelCase.Label}] seed {seed} on {device.Description}";

        using var first = new CaseMemory(device, kernelCase, start);
        kernelCase.Launch(device, variant, first);
        using var second = new CaseMemory(device, kernelCase, start);
        kernelCase.Launch(device, variant, second);
        device.Synchronize();

        foreach (var operand in kernelCase.Operands)
        {
            var actual = first.Read(operand.Name);
            if (operand.Role == OperandRole.Input)
            {
                if (!actual.AsSpan().SequenceEqual(start[operand.Name]))
                {
                    faults.Add($"{replay}: input '{operand.Name}' was changed");
                }

                continue;
            }

            var stats = ErrorStats.Compare(actual, truth[operand.Name]);
            var library = libraryErrors?.GetValueOrDefault(operand.Name) ?? 0;
            if (!Tolerance.Holds(in stats, library, factor, operand.Terms, kernelCase.ExtraError))
            {
                var limit = Math.Max(factor * library, Tolerance.Floor(in stats, operand.Terms, kernelCase.ExtraError));
                faults.Add(FormattableString.Invariant(
                    $"{replay}: '{operand.Name}' {stats}, {100 * stats.MaxError / limit:f0} % of the limit {limit:g3} (library error {library:g3})"));
            }

            if (!actual.AsSpan().SequenceEqual(second.Read(operand.Name)))
            {
                faults.Add($"{replay}: '{operand.Name}' differs between two runs");
            }
        }

        faults.AddRange(first.DamagedGuards().Select(name => $"{replay}: wrote outside '{name}'"));
        return faults;
    }
}
