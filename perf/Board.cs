using System.Globalization;
using System.Text;
using DPT.Engine.Kernels;

namespace Perf;

/// <summary>The results as a markdown table, written line by line and kept for a file.</summary>
internal sealed class Board
{
    private readonly StringBuilder _text = new();
    private readonly TextWriter _console;

    public Board(HostDevice device, TextWriter console)
    {
        _console = console;
        Line($"Ours against TorchSharp 0.107.0 (libtorch 2.10.0), fp32, {device.Threads} threads each, one process, in turns.");
        Line($"Processor: {ProcessorName()}; {device.Description}.");
        Line("GFLOP/s: median [middle half] of turns; best single run. Ratio: median of the rounds' ratios; of the best runs.");
        Line("Peak: best rate of multiply-adds in registers, measured in the same rounds.");
        Line("");
        Line("| case | ours | theirs | ratio | best, share of peak | disagreement |");
        Line("|---|---|---|---|---|---|");
    }

    /// <summary>Whether every pair of results so far agreed.</summary>
    public bool AllAgree { get; private set; } = true;

    public void Add(string name, Contest contest, Verdict verdict)
    {
        var agrees = verdict.Disagreement <= contest.Tolerance;
        AllAgree &= agrees;
        Line(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {Text(verdict.Ours)} | {Text(verdict.Theirs)} | {verdict.Ratio:f2}; {verdict.Ours.Best / verdict.Theirs.Best:f2} | {100 * verdict.Ours.Best / verdict.Peak.Best:f0} % of {verdict.Peak.Best / 1e9:f0} | {verdict.Disagreement:g2}{(agrees ? "" : " WRONG")} |"));
    }

    public override string ToString() => _text.ToString();

    private static string Text(Rate rate) => string.Create(
        CultureInfo.InvariantCulture, $"{rate.Median / 1e9:f0} [{rate.Low / 1e9:f0}-{rate.High / 1e9:f0}]; {rate.Best / 1e9:f0}");

    private static string ProcessorName() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
            ?.Split(':', 2)[1].Trim() ?? "unknown"
        : "unknown";

    private void Line(string line)
    {
        _text.Append(line).Append('\n');
        _console.WriteLine(line);
    }
}
