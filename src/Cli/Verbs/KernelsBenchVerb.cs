using System.Globalization;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>Times the variants of operators against each other and against the device's roofline.</summary>
internal sealed class KernelsBenchVerb : Verb<BenchArguments>
{
    public override string Name => "kernels bench";

    public override string Purpose =>
        "time variants in turns, proven before and after: median, spread, rates, share of the roofline";

    public override string? Word => "PATTERN";

    public override IReadOnlyList<string> Examples =>
        ["kernels bench attention.forward --device host", "kernels bench matmul/host --case \"M=2048\" --json --plot bench.html"];

    protected override int Execute(BenchArguments arguments, CliContext context)
    {
        var seconds = BenchSession.ReadSeconds(arguments.Seconds);
        using var device = BenchSession.OpenDevice(arguments.Device, context.Terminal);
        var session = new BenchSession(device, seconds);
        var results = context.Terminal.Watch(observer => session
            .Run(arguments.Words.FirstOrDefault(""), arguments.Case, observer, context.Stop)
            .SelectMany(shape => shape.Results)
            .ToList());
        if (arguments.Plot is { } file)
        {
            AtomicFile.WriteText(file, Page(device, results));
        }

        foreach (var line in arguments.Json ? [Json(device, session, results)] : Table(results))
        {
            context.Terminal.Result(line);
        }

        DeviceChoice.TellCode(device, context.Terminal);
        return session.Conclude(context.Terminal);
    }

    private static IEnumerable<string> Table(List<BenchResult> results)
    {
        var table = new TextTable();
        table.Add("variant", "case", "median", "quartiles", "GFLOP/s", "GB/s", "roofline");
        foreach (var r in results)
        {
            table.Add(
                r.Id, r.Case, $"{Micro(r.Seconds)} us", $"{Micro(r.LowerQuartile)}..{Micro(r.UpperQuartile)}",
                Number(r.FlopsPerSecond / 1e9), Number(r.BytesPerSecond / 1e9), $"{Number(100 * r.RooflineShare)} %");
        }

        return table.Lines();
    }

    private static string Json(Device device, BenchSession session, List<BenchResult> results) => JsonText.Of(new
    {
        Schema = 1,
        Device = device.Description,
        Engine = EngineVersion.Text,
        Peaks = session.Peaks,
        Results = results,
        session.Faults,
    });

    /// <summary>A page with the times of every turn: drift and disturbances show, which a median hides.</summary>
    private static string Page(Device device, List<BenchResult> results)
    {
        var plots = results.GroupBy(r => (Op: r.Id.Split('/')[0], r.Case)).Select(g => SvgPlot.Lines(
            new Plot($"{g.Key.Op} {g.Key.Case}: microseconds a launch", "turn"),
            [.. g.Select(r => new Curve(r.Id, [.. r.Turns.Select((t, i) => ((double)i, 1e6 * t))]))]));
        var page = new HtmlPage("dpt kernels bench");
        page.Section(device.Description, HtmlPage.Plots(plots));
        return page.ToString();
    }

    private static string Micro(double seconds) => Number(1e6 * seconds);

    private static string Number(double value) => value.ToString(value < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture);
}
