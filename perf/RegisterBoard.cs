using System.Globalization;
using System.Text;
using System.Text.Json;
using DPT.Engine.Kernels;

namespace Perf;

/// <summary>
/// What the assembler and the simulator say of every GPU variant: registers and spills of its kernels, and the instructions that
/// its threads run. Both are exact; neither is a time.
/// </summary>
internal sealed class RegisterBoard
{
    private readonly SortedDictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _before;
    private readonly StringBuilder _text = new();

    /// <summary>Measures.</summary>
    /// <param name="arguments">The filter, and where the numbers of an earlier measurement are.</param>
    public RegisterBoard(Arguments arguments)
    {
        _before = arguments.Before is null
            ? []
            : JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(arguments.Before))!;
        var variants = KernelRegistry.Operators
            .SelectMany(op => op.Variants.Select(v => (Op: op, Variant: v)))
            .Where(v => v.Variant is IGpuVariant && arguments.Wants(v.Op.IdOf(v.Variant)))
            .ToList();
        Registers(variants);
        Instructions(variants);
    }

    /// <summary>The numbers, for a later measurement to be compared with.</summary>
    public string Json => JsonSerializer.Serialize(_numbers, new JsonSerializerOptions { WriteIndented = true });

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    private void Registers(IEnumerable<(Operator Op, KernelVariant Variant)> variants)
    {
        _text.AppendLine("""
            Registers of a thread, and bytes that it spills, as NVIDIA's assembler gives them; instructions of the text. `a -> b` is
            before and after, where that differs.

            | kernel | sm_80 | spills | sm_90a | spills | instructions |
            |---|---|---|---|---|---|
            """);
        foreach (var kernel in variants.SelectMany(v => ((IGpuVariant)v.Variant).Kernels).Distinct())
        {
            _text.Append(CultureInfo.InvariantCulture, $"| {kernel.Id} ");
            foreach (var architecture in PtxArchitecture.All)
            {
                if (!architecture.Runs(kernel.MinArchitecture))
                {
                    _text.Append("| | ");
                    continue;
                }

                var report = PtxAssembler.Report(PtxPipeline.Build(kernel, architecture));
                Cell($"{kernel.Id} {architecture} registers", report.Registers);
                Cell($"{kernel.Id} {architecture} spills", report.SpilledBytes);
            }

            Cell($"{kernel.Id} instructions", PtxReport.Of(kernel.ToPtx(), PtxPipeline.Build(kernel, kernel.MinArchitecture)).Instructions);
            _text.AppendLine("|");
        }
    }

    private void Instructions(IEnumerable<(Operator Op, KernelVariant Variant)> variants)
    {
        _text.AppendLine("""

            Thousands of instructions that threads run, sectors of 32 bytes that they touch, and bank conflicts, on the operator's
            largest case that the variant supports, for sm_80.

            | variant | case | instructions | sectors | conflicts |
            |---|---|---|---|---|
            """);
        foreach (var (op, variant) in variants)
        {
            using var device = new SimDevice(architecture: variant.MinArchitecture(), selection: new KernelSelection());
            var id = op.IdOf(variant);
            var kernelCase = CaseChoice.Find(op, null, c => CaseChoice.Supports(device, variant, c));
            var launches = SimRun.Of(variant, kernelCase, variant.MinArchitecture());
            _text.Append(CultureInfo.InvariantCulture, $"| {id} | {kernelCase.Label} ");
            Cell($"{id} lanes", (int)(launches.Sum(l => l.LaneInstructions) / 1000));
            Cell($"{id} sectors", (int)launches.Sum(l => l.Sectors));
            Cell($"{id} conflicts", (int)launches.Sum(l => l.BankConflicts));
            _text.AppendLine("|");
        }
    }

    private void Cell(string key, int value)
    {
        _numbers[key] = value;
        var before = _before.TryGetValue(key, out var old) && old != value ? $"{old} -> " : "";
        _text.Append(CultureInfo.InvariantCulture, $"| {before}{value} ");
    }
}
