using System.Globalization;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>The variants of operators timed against each other on the shapes of real networks: for bench and for tune.</summary>
internal sealed class BenchSession(Device device, double seconds)
{
    private const double DefaultSeconds = 1;
    private const double MostSeconds = 600;

    /// <summary>What the device can do, measured at the start.</summary>
    public DevicePeaks Peaks { get; } = DevicePeaks.Measure(device);

    /// <summary>What is wrong with variants that were not measured.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>A device that has a speed.</summary>
    /// <exception cref="DptException">It does not exist here, or it is the simulator.</exception>
    public static Device OpenDevice(string? name, Terminal terminal) => name == "sim"
        ? throw new DptException(FailureKind.Usage, "a simulator has no speed; `dpt kernels sim` counts what can be counted")
        : DeviceChoice.Open(name ?? "auto", kernels: null, terminal);

    /// <summary>The time for each variant and shape.</summary>
    /// <exception cref="DptException">It is not a time, or too long.</exception>
    public static double ReadSeconds(string? text) => text is null ? DefaultSeconds
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= MostSeconds
            ? seconds
            : throw new DptException(FailureKind.Usage, $"--seconds is '{text}', it must be above 0, at most {MostSeconds}");

    /// <summary>Shape by shape, what the variants that the pattern names took.</summary>
    /// <param name="pattern">Start of the variants' identities.</param>
    /// <param name="label">Part of a shape's label; null for those of real networks.</param>
    /// <param name="observer">Hears of progress.</param>
    /// <param name="stop">Ends the work early.</param>
    public IEnumerable<BenchedShape> Run(string pattern, string? label, IRunObserver observer, CancellationToken stop)
    {
        var chosen = KernelPattern.Find(pattern)
            .Where(v => (v.Variant.Targets & device.Kind) != 0)
            .GroupBy(v => v.Operator, v => v.Variant);
        foreach (var group in chosen)
        {
            var right = Right(group.Key, group);
            var cases = Cases(group.Key, label);
            foreach (var (kernelCase, index) in cases.Select((c, i) => (c, i)))
            {
                observer.Progress(new WorkProgress("bench", index, cases.Count, "shapes", 0, $"{group.Key.Name} {kernelCase.Label}"));
                var able = right.Where(v => CaseChoice.Supports(device, v, kernelCase)).ToList();
                if (able.Count > 0)
                {
                    yield return new BenchedShape(
                        group.Key, kernelCase, able, KernelBench.Run(device, group.Key, able, kernelCase, Peaks, seconds, stop));
                }
            }
        }
    }

    /// <summary>Names the variants that are wrong, and gives the exit code.</summary>
    public int Conclude(Terminal terminal)
    {
        Faults.ForEach(f => terminal.Error($"not measured, for it is wrong: {f}"));
        return Faults.Count == 0 ? ExitCodes.Done : ExitCodes.Check;
    }

    private static List<KernelCase> Cases(Operator op, string? label)
    {
        var cases = op.BenchCases()
            .Where(c => label is null || c.Label.Contains(label, StringComparison.OrdinalIgnoreCase))
            .ToList();
        return cases.Count > 0 ? cases : [CaseChoice.Find(op, label, _ => true)];
    }

    /// <summary>The variants that compute what they should; what is wrong with the others is added to the faults.</summary>
    private List<KernelVariant> Right(Operator op, IEnumerable<KernelVariant> variants)
    {
        var right = new List<KernelVariant>();
        foreach (var variant in variants)
        {
            if (KernelBench.FaultOf(device, op, variant) is { } fault)
            {
                Faults.Add(fault);
            }
            else
            {
                right.Add(variant);
            }
        }

        return right;
    }
}

/// <summary>What the variants of an operator took on one shape.</summary>
/// <param name="Operator">The operator.</param>
/// <param name="Case">The shape.</param>
/// <param name="Variants">The variants.</param>
/// <param name="Results">Their times, in the same order.</param>
internal sealed record BenchedShape(
    Operator Operator, KernelCase Case, IReadOnlyList<KernelVariant> Variants, IReadOnlyList<BenchResult> Results);
