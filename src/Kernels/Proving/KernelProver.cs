using System.Runtime.InteropServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Proves a variant on a case: the double reference, guard bands, unwritten outputs, unchanged inputs, and the same
/// bits when run again. On hard values (<see cref="HardCases"/>) the bound grows with how far rounding the inputs moves the
/// result, and NaN and infinities must be where the reference has them.
/// </summary>
public static class KernelProver
{
    /// <summary>
    /// Proves every variant of the operator that is for this kind of device, on all cases that it supports and on hard ones
    /// made of them (<see cref="HardCases"/>).
    /// </summary>
    /// <param name="device">Where to run; a <see cref="SimDevice"/> sees races, and accesses outside of operands, too.</param>
    /// <param name="op">The operator.</param>
    /// <param name="seed">Seed of the operands.</param>
    /// <returns>Everything that is wrong, a line each with what replays it; an empty list is the proof.</returns>
    /// <exception cref="KernelException">No variant is for this kind of device.</exception>
    public static IReadOnlyList<string> ProveAll(Device device, Operator op, int seed = 1)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(op);
        var variants = op.Variants.Where(v => (v.Targets & device.Kind) != 0).ToList();
        Require.That(op.Name, variants.Count > 0, $"no variant is for {device.Kind}");
        return [.. variants.SelectMany(Faults)];

        IEnumerable<string> Faults(KernelVariant variant)
        {
            var cases = CaseChoice.All(device, op, variant).ToList();
            return cases.Count == 0
                ? [$"{op.IdOf(variant)} supports none of its operator's cases"]
                : cases.SelectMany(c => TryProve(device, op, variant, c, seed));
        }
    }

    /// <summary>As <see cref="Prove"/>; a kernel that breaks a rule of the simulator, or crashes on a card, is a fault like a wrong number.</summary>
    public static IReadOnlyList<string> TryProve(
        Device device, Operator op, KernelVariant variant, KernelCase kernelCase, int seed)
    {
        try
        {
            return Prove(device, op, variant, kernelCase, seed);
        }
        catch (KernelException fault)
        {
            return [$"{op.IdOf(variant)} [{kernelCase.Label}] seed {seed}: {fault.Message}"];
        }
    }

    /// <summary>Runs the case and lists everything that is wrong with it; an empty list is the proof.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="op">The operator.</param>
    /// <param name="variant">The variant; it must support the case.</param>
    /// <param name="kernelCase">The case.</param>
    /// <param name="seed">Seed of the operands.</param>
    /// <param name="libraryErrors">Largest error of an established library, by output; null if there is none.</param>
    /// <param name="factor">Allowed multiple of that error.</param>
    /// <param name="unaligned">An operand that starts one element behind an aligned address; null for none.</param>
    /// <exception cref="KernelException">The device refuses the launch, or finds a fault in it.</exception>
    public static IReadOnlyList<string> Prove(
        Device device,
        Operator op,
        KernelVariant variant,
        KernelCase kernelCase,
        int seed = 1,
        IReadOnlyDictionary<string, double>? libraryErrors = null,
        double factor = Tolerance.Forward,
        string? unaligned = null)
    {
        var start = new CaseValues(kernelCase, seed);
        var truth = start.Clone();
        kernelCase.Truth(truth);
        var inputRoundoff = Math.Max(variant.InputRoundoff, op.IntermediateRoundoff);
        var sensitivity = kernelCase.Hardship is null ? null : Sensitivity.Of(kernelCase, start, truth, inputRoundoff);
        var faults = new List<string>();
        var replay = $"{op.IdOf(variant)} [{kernelCase.Label}] seed {seed} on {device.Description}"
            + (unaligned is null ? "" : $" with '{unaligned}' unaligned");

        using var first = new CaseMemory(device, kernelCase, start, unaligned);
        kernelCase.Launch(device, variant, first);
        using var second = new CaseMemory(device, kernelCase, start, unaligned);
        kernelCase.Launch(device, variant, second);
        device.Synchronize();

        foreach (var operand in kernelCase.Operands)
        {
            var actual = first.Read(operand.Name);
            if (operand.Role == OperandRole.Input)
            {
                if (!SameBits(actual, start[operand.Name]))
                {
                    faults.Add($"{replay}: input '{operand.Name}' was changed");
                }

                continue;
            }

            var tolerance = new Tolerance
            {
                Terms = operand.Terms,
                ExtraError = kernelCase.ExtraError + variant.ExtraError,
                StorageRoundoff = OperandElement.Roundoff(operand),
                IntermediateRoundoff = op.IntermediateRoundoff,
                LibraryError = libraryErrors?.TryGetValue(operand.Name, out var error) == true ? error : null,
                Factor = factor,
            };
            var stats = sensitivity is null
                ? ErrorStats.Compare(actual, truth[operand.Name], in tolerance)
                : ErrorStats.CompareHard(
                    actual, truth[operand.Name], sensitivity[operand.Name], in tolerance, kernelCase.SameInfinities);
            if (!stats.Holds)
            {
                faults.Add($"{replay}: '{operand.Name}' {stats}");
            }

            if (!SameBits(actual, second.Read(operand.Name)))
            {
                faults.Add($"{replay}: '{operand.Name}' differs between two runs");
            }
        }

        faults.AddRange(first.DamagedGuards().Select(name => $"{replay}: wrote outside '{name}'"));
        return faults;
    }

    /// <summary>As the element type's bits: 0 and -0 differ, and a NaN equals itself.</summary>
    private static bool SameBits(double[] left, double[] right) =>
        MemoryMarshal.AsBytes(left.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(right.AsSpan()));
}
