using System.Globalization;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>Times the variants of operators against each other and against the device's roofline.</summary>
internal sealed class KernelsBenchVerb : Verb<BenchArguments>
{
    private const double DefaultSeconds = 1;
    private const double MostSeconds = 600;

    public override string Name => "kernels bench";

    public override string Purpose =>
        "time variants in turns, proven before and after: median, spread, rates, share of the roofline";

    public override string? Word => "PATTERN";

    public override IReadOnlyList<string> Examples =>
        ["kernels bench attention.forward --device host", "kernels bench matmul/host --case \"M=2048\" --json --plot bench.html"];

    protected override int Execute(BenchArguments arguments, CliContext context)
    {
        var seconds = ReadSeconds(arguments.Seconds);
        using var device = DeviceChoice.Open(arguments.Device ?? "auto", kernels: null, context.Terminal);
        if (device.Kind == DeviceKind.Sim)
        {
            throw new DptException(FailureKind.Usage, "a simulator has no speed; `dpt kernels sim` counts what can be counted");
        }

        var chosen = KernelPattern.Find(arguments.Words.FirstOrDefault(""))
            .Where(v => (v.Variant.Targets & device.Kind) != 0)
            .GroupBy(v => v.Operator, v => v.Variant)
            .ToList();
        var peaks = DevicePeaks.Measure(device);
        var faults = new List<string>();
        var results = context.Terminal.Watch(observer => chosen
            .SelectMany(group => Bench(
                device, group.Key, Right(device, group.Key, group, faults), arguments.Case, peaks, seconds, observer, context.Stop))
            .ToList());
        if (arguments.Plot is { } file)
        {
            AtomicFile.WriteText(file, Page(device, results));
        }

        foreach (var line in arguments.Json ? [Json(device, peaks, results, faults)] : Table(results))
        {
            context.Terminal.Result(line);
        }

        faults.ForEach(f => context.Terminal.Error($"not measured, for it is wrong: {f}"));
        return faults.Count == 0 ? ExitCodes.Done : ExitCodes.Check;
    }

    /// <summary>The variants that compute what they should; what is wrong with the others is added to the faults.</summary>
    private static List<KernelVariant> Right(
        Device device, Operator op, IEnumerable<KernelVariant> variants, List<string> faults)
    {
        var right = new List<KernelVariant>();
        foreach (var variant in variants)
        {
            if (KernelBench.FaultOf(device, op, variant) is { } fault)
            {
                faults.Add(fault);
            }
            else
            {
                right.Add(variant);
            }
        }

        return right;
    }

    private static IEnumerable<BenchResult> Bench(
        Device device,
        Operator op,
        IReadOnlyList<KernelVariant> variants,
        string? label,
        DevicePeaks peaks,
        double seconds,
        IRunObserver observer,
        CancellationToken stop)
    {
        var cases = op.BenchCases().Where(c => label is null || c.Label.Contains(label, StringComparison.OrdinalIgnoreCase)).ToList();
        if (cases.Count == 0)
        {
            cases = [CaseChoice.Find(op, label, _ => true)];
        }

        foreach (var (kernelCase, index) in cases.Select((c, i) => (c, i)))
        {
            observer.Progress(new WorkProgress("bench", index, cases.Count, "shapes", 0, $"{op.Name} {kernelCase.Label}"));
            var able = variants.Where(v => CaseChoice.Supports(device, v, kernelCase)).ToList();
            if (able.Count == 0)
            {
                continue;
            }

            foreach (var result in KernelBench.Run(device, op, able, kernelCase, peaks, seconds, stop))
            {
                yield return result;
            }
        }
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

    private static string Json(
        Device device, DevicePeaks peaks, List<BenchResult> results, List<string> faults) => JsonText.Of(new
    {
        Schema = 1,
        Device = device.Description,
        Engine = Application.Version,
        Peaks = peaks,
        Results = results,
        Faults = faults,
    });

    /// <summary>A page with the times of every turn: drift and disturbances show, which a median hides.</summary>
    private static string Page(Device device, List<BenchResult> results)
    {
        var plots = results.GroupBy(r => (Op: r.Id.Split('/')[0], r.Case)).Select(g => SvgPlot.Lines(
            $"{g.Key.Op} {g.Key.Case}: microseconds a launch", "turn",
            [.. g.Select(r => new Curve(r.Id, [.. r.Turns.Select((t, i) => ((double)i, 1e6 * t))]))]));
        return $"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>dpt kernels bench</title>\n"
            + $"<style>{ReportStyle.Css}</style></head>\n<body><h1>{System.Net.WebUtility.HtmlEncode(device.Description)}</h1>\n"
            + $"<div class=\"plots\">{string.Join('\n', plots)}</div></body></html>\n";
    }

    private static double ReadSeconds(string? text) => text is null ? DefaultSeconds
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= MostSeconds
            ? seconds
            : throw new DptException(FailureKind.Usage, $"--seconds is '{text}', it must be above 0, at most {MostSeconds}");

    private static string Micro(double seconds) => Number(1e6 * seconds);

    private static string Number(double value) => value.ToString(value < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture);
}
