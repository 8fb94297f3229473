using System.Diagnostics;
using System.Globalization;
using System.Text;
using DPT.Engine.Kernels;

namespace Perf;

/// <summary>
/// How fast the simulator is: lane instructions per second of every GPU variant, on the case of its operator that runs
/// the most of them. Every run has all checks on, as tests have.
/// </summary>
internal sealed class SimRates(TimeSpan budget, TextWriter console)
{
    private readonly StringBuilder _text = new();
    private readonly List<double> _medians = [];

    /// <summary>Times every variant whose name contains the filter.</summary>
    public void Run(string? filter)
    {
        using var device = new SimDevice(selection: new KernelSelection());
        Line($"Simulator, {device.Architecture}, {Environment.ProcessorCount} threads; {Board.ProcessorName()}.");
        Line("Rates: million lane instructions per second, median [middle half] of runs; best single run.");
        Line("");
        Line("| variant | case | lane instructions | M/s |");
        Line("|---|---|---|---|");
        foreach (var op in KernelRegistry.Operators)
        {
            foreach (var variant in op.Variants.Where(v => v.Targets.HasFlag(DeviceKind.Sim)))
            {
                if (filter is null || op.IdOf(variant).Contains(filter))
                {
                    Time(device, op, variant);
                }
            }
        }

        if (_medians.Count > 0)
        {
            Line("");
            Line(string.Create(
                CultureInfo.InvariantCulture,
                $"{_medians.Count} variants: geometric mean {Math.Exp(_medians.Average(Math.Log)):f0} M/s, least {_medians.Min():f0} M/s."));
        }
    }

    public override string ToString() => _text.ToString();

    private void Time(SimDevice device, Operator op, KernelVariant variant)
    {
        var (largest, instructions) = op.Cases()
            .Select(c => (Case: c, Instructions: Count(device, variant, c)))
            .MaxBy(c => c.Instructions);
        using var memory = new CaseMemory(device, largest, new CaseValues(largest, 1));
        var rates = new List<double>();
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < budget || rates.Count < 3)
        {
            var start = Stopwatch.GetTimestamp();
            largest.Launch(device, variant, memory);
            rates.Add(instructions / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e6);
        }

        rates.Sort();
        _medians.Add(rates[rates.Count / 2]);
        Line(string.Create(
            CultureInfo.InvariantCulture,
            $"| {op.IdOf(variant)} | {largest.Label} | {instructions / 1e6:f1} M | {rates[rates.Count / 2]:f0} [{rates[rates.Count / 4]:f0}-{rates[rates.Count * 3 / 4]:f0}]; {rates[^1]:f0} |"));
    }

    /// <summary>Lane instructions of a case; 0 if the variant does not support it.</summary>
    private static long Count(SimDevice device, KernelVariant variant, KernelCase kernelCase)
    {
        using var memory = new CaseMemory(device, kernelCase, new CaseValues(kernelCase, 1));
        if (!kernelCase.Supports(device, variant, memory, out _))
        {
            return 0;
        }

        var count = 0L;
        void Add(SimStatistics launch) => count += launch.LaneInstructions;
        device.Launched += Add;
        kernelCase.Launch(device, variant, memory);
        device.Launched -= Add;
        return count;
    }

    private void Line(string line)
    {
        _text.Append(line).Append('\n');
        console.WriteLine(line);
    }
}
