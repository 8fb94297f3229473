using System.Globalization;
using System.Text;
using System.Text.Json;
using DPT.Engine.Kernels;

namespace Perf;

/// <summary>One line of the board.</summary>
/// <param name="Family">What it is summed up with.</param>
/// <param name="Case">Its name.</param>
/// <param name="Unit">Of the rates: GFLOP/s or GB/s.</param>
/// <param name="Ours">Our median rate.</param>
/// <param name="Theirs">Their median rate.</param>
/// <param name="Ratio">Median of the rounds' ratios.</param>
/// <param name="BestRatio">Ratio of the best single runs.</param>
/// <param name="ShareOfPeak">Our best rate against multiply-adds in registers, or a copy, in the same rounds.</param>
/// <param name="Disagreement">Largest difference of the results.</param>
internal sealed record BoardRow(
    string Family, string Case, string Unit, double Ours, double Theirs, double Ratio, double BestRatio,
    double ShareOfPeak, double Disagreement);

/// <summary>The results as a markdown table, written line by line, and as JSON.</summary>
internal sealed class Board
{
    private static readonly JsonSerializerOptions Format =
        new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    private readonly StringBuilder _text = new();
    private readonly TextWriter _console;
    private readonly List<BoardRow> _rows = [];

    public Board(HostDevice device, TextWriter console)
    {
        _console = console;
        Line($"Ours against TorchSharp 0.107.0 (libtorch 2.10.0), fp32, {device.Threads} threads each, one process, in turns.");
        Line($"Processor: {ProcessorName()}; {device.Description}.");
        Line($"Switches against AVX-512: {Avx2.Held}.");
        Line(DispatchCost.Describe(device));
        Line("Rates: median [middle half] of turns; best single run. Ratio: median of the rounds' ratios; of the best runs.");
        Line("Peak: best rate of multiply-adds in registers, or of a copy of 64 MiB, measured in the same rounds;");
        Line("what fits into a cache can be faster than that copy.");
        Line("");
        Line("| case | ours | theirs | ratio | best, share of peak | disagreement |");
        Line("|---|---|---|---|---|---|");
    }

    /// <summary>Whether every pair of results so far agreed.</summary>
    public bool AllAgree { get; private set; } = true;

    public void Add(string family, string name, Comparison comparison, Verdict verdict)
    {
        var agrees = verdict.Disagreement <= comparison.Tolerance;
        AllAgree &= agrees;
        var row = new BoardRow(
            family,
            name,
            comparison.Bound == Bound.Memory ? "GB/s" : "GFLOP/s",
            verdict.Ours.Median / 1e9,
            verdict.Theirs.Median / 1e9,
            verdict.Ratio,
            verdict.Ours.Best / verdict.Theirs.Best,
            verdict.Ours.Best / verdict.Peak.Best,
            verdict.Disagreement);
        _rows.Add(row);
        Line(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {Text(verdict.Ours)} {row.Unit} | {Text(verdict.Theirs)} | {row.Ratio:f2}; {row.BestRatio:f2} | {100 * row.ShareOfPeak:f0} % of {verdict.Peak.Best / 1e9:f0} | {row.Disagreement:g2}{(agrees ? "" : " WRONG")} |"));
    }

    /// <summary>Writes each family's geometric mean and worst ratio, and what falls short of the expectations.</summary>
    /// <returns>Whether everything is as fast as expected.</returns>
    public bool Judge(Expectations expectations)
    {
        Line("");
        Line("| family | cases | geometric mean of ratios | least ratio | expected |");
        Line("|---|---|---|---|---|");
        var holds = true;
        foreach (var family in _rows.GroupBy(r => r.Family))
        {
            var mean = Math.Exp(family.Average(r => Math.Log(r.Ratio)));
            var least = family.MinBy(r => r.Ratio)!;
            var expected = expectations.Of(family.Key);
            var isMet = expected is null || (mean >= expected.GeometricMean && least.Ratio >= expected.Least);
            holds &= isMet;
            Line(string.Create(
                CultureInfo.InvariantCulture,
                $"| {family.Key} | {family.Count()} | {mean:f2} | {least.Ratio:f2} ({least.Case}) | {expected?.ToString() ?? "-"}{(isMet ? "" : " NOT MET")} |"));
        }

        return holds;
    }

    public string ToJson() => JsonSerializer.Serialize(_rows, Format);

    public override string ToString() => _text.ToString();

    private static string Text(Rate rate) => string.Create(
        CultureInfo.InvariantCulture, $"{rate.Median / 1e9:f0} [{rate.Low / 1e9:f0}-{rate.High / 1e9:f0}]; {rate.Best / 1e9:f0}");

    /// <summary>Of this machine, as the system has it.</summary>
    public static string ProcessorName() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
            ?.Split(':', 2)[1].Trim() ?? "unknown"
        : "unknown";

    private void Line(string line)
    {
        _text.Append(line).Append('\n');
        _console.WriteLine(line);
    }
}
