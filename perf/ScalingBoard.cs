using System.Globalization;
using System.Text;
using DPT.Engine.Cli;
using DPT.Engine.Kernels;

namespace Perf;

/// <summary>The sweeps as Markdown tables, written line by line, each with a plot in a file beside the board's.</summary>
internal sealed class ScalingBoard
{
    private readonly StringBuilder _text = new();
    private readonly TextWriter _console;
    private readonly string? _file;

    /// <param name="device">What is measured.</param>
    /// <param name="console">Gets every line at once.</param>
    /// <param name="file">Where the board will be; null if nowhere, and then there are no plots.</param>
    public ScalingBoard(HostDevice device, TextWriter console, string? file)
    {
        (_console, _file) = (console, file);
        Line($"Time per image against batch, width and tokens, fp32. Processor: {Board.ProcessorName()}; {device.Description}.");
        Line($"Switches against AVX-512: {Avx2.Held}.");
        Line(DispatchCost.Describe(device));
        Line("Medians of turns; all points of a sweep take turns. Operations are those of the products, attention's square of");
        Line("the tokens included. A rate predicts a time: operations / rate. To reference: time over what the rate of the");
        Line("point in bold predicts. To smaller: time over what the best rate of all smaller points predicts; more than");
        Line(string.Create(CultureInfo.InvariantCulture, $"{ScalingRow.Limit} is worse than the operations explain."));
    }

    /// <summary>Whether no point so far is worse than predicted.</summary>
    public bool AllAsPredicted { get; private set; } = true;

    public void Add(Sweep sweep, IReadOnlyList<ScalingRow> rows)
    {
        Line("");
        Line($"## {sweep.Name} ({sweep.Fixed})");
        Line("");
        Line($"| {sweep.Variable} | GFLOP per image | ms per image | GFLOP/s | to reference | to smaller |");
        Line("|---|---|---|---|---|---|");
        foreach (var row in rows)
        {
            AllAsPredicted &= row.IsAsPredicted;
            var value = row.Value == sweep.Reference ? $"**{row.Value}**" : $"{row.Value}";
            Line(string.Create(
                CultureInfo.InvariantCulture,
                $"| {value} | {row.Flops / 1e9:g3} | {1e3 * row.Seconds:g3} | {row.Flops / row.Seconds / 1e9:f0} | {row.ToReference:f2} | {row.ToSmaller:f2}{(row.IsAsPredicted ? "" : " WORSE")} |"));
        }

        if (_file is not null)
        {
            Plot(sweep, rows);
        }
    }

    public override string ToString() => _text.ToString();

    private void Plot(Sweep sweep, IReadOnlyList<ScalingRow> rows)
    {
        var file = Path.ChangeExtension(_file, null) + "-" + sweep.Name.ToLowerInvariant().Replace(' ', '-') + ".svg";
        File.WriteAllText(file, SvgPlot.LogLogFile(
            $"{sweep.Name}: ms per image ({sweep.Fixed})",
            sweep.Variable,
            [
                new Curve("measured", [.. rows.Select(r => ((double)r.Value, 1e3 * r.Seconds))], Dots: true),
                new Curve("as the operations predict", [.. rows.Select(r => ((double)r.Value, 1e3 * r.Seconds / r.ToReference))]),
            ]));
        Line("");
        Line($"![{sweep.Name}]({Path.GetFileName(file)})");
    }

    private void Line(string line)
    {
        _text.Append(line).Append('\n');
        _console.WriteLine(line);
    }
}
