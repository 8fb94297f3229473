using System.Globalization;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>Measures which variant is fastest on this device and notes it in the tuning cache.</summary>
internal sealed class KernelsTuneVerb : Verb<TuneArguments>
{
    public override string Name => "kernels tune";

    public override string Purpose => "time variants on shapes of real networks and note the fastest for later runs here";

    public override string? Word => "PATTERN";

    public override IReadOnlyList<string> Examples => ["kernels tune --device cuda", "kernels tune attention --seconds 0.3"];

    protected override int Execute(TuneArguments arguments, CliContext context)
    {
        var seconds = BenchSession.ReadSeconds(arguments.Seconds);
        using var device = BenchSession.OpenDevice(arguments.Device, context.Terminal);
        var cache = TuningCache.Open(TuningCache.DefaultPath() ?? throw new DptException(
            FailureKind.Environment, $"there is no home folder for the tuning cache; name a file in {TuningCache.Variable}"));
        cache.RequireUsable();
        var session = new BenchSession(device, seconds);
        var tuned = context.Terminal.Watch(observer => session
            .Run(arguments.Words.FirstOrDefault(""), arguments.Case, observer, context.Stop)
            .Select(shape => Note(cache, device, shape))
            .OfType<Tuned>()
            .ToList());
        cache.Save();
        if (arguments.Json)
        {
            context.Terminal.Result(JsonText.Of(tuned));
        }
        else
        {
            Print(tuned, context.Terminal);
        }

        context.Terminal.Message($"tuning cache: {cache.Path}");
        return session.Conclude(context.Terminal);
    }

    /// <summary>Notes the fastest of the variants that run unasked; null if only one does.</summary>
    private static Tuned? Note(TuningCache cache, Device device, BenchedShape shape)
    {
        var sides = shape.Variants.Zip(shape.Results).Where(s => !s.First.IsOnlyByName).ToList();
        if (sides.Count < 2)
        {
            return null;
        }

        var (best, result) = sides.MinBy(s => s.Second.Seconds);
        using var memory = new CaseMemory(device, shape.Case);
        shape.Case.Note(cache, device, shape.Operator, best, memory);
        var other = sides.Where(s => s.First != best).Min(s => s.Second.Seconds);
        return new Tuned(shape.Operator.IdOf(best), shape.Case.Label, other / result.Seconds);
    }

    private static void Print(List<Tuned> tuned, Terminal terminal)
    {
        var table = new TextTable();
        table.Add("fastest", "shape", "over the next");
        foreach (var one in tuned)
        {
            table.Add(one.Id, one.Shape, string.Create(CultureInfo.InvariantCulture, $"{one.Factor:0.00} times"));
        }

        table.Print(terminal);
    }

    /// <summary>The fastest variant on a shape, and how many times faster than the next.</summary>
    private sealed record Tuned(string Id, string Shape, double Factor);
}
