using System.Diagnostics;
using System.Text.Json;

namespace DPT.Engine.Kernels;

/// <summary>Where a device's time goes: every operator call by variant, and a trace for a trace viewer.</summary>
public sealed class OperatorProfile
{
    /// <summary>Calls in the trace; the table counts all.</summary>
    private const int MostTraced = 100_000;

    private readonly Dictionary<string, Total> _totals = [];
    private readonly List<(string Id, string Shape, long Start, long Ticks)> _trace = [];
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Seconds since the profile was made.</summary>
    public double WallSeconds => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    /// <summary>One row for each variant that ran, the most expensive first.</summary>
    public IReadOnlyList<ProfileRow> Rows =>
    [
        .. _totals.Select(t => new ProfileRow(
                t.Key, t.Value.Calls, (double)t.Value.Ticks / Stopwatch.Frequency, t.Value.Flops, t.Value.Bytes))
            .OrderByDescending(r => r.Seconds),
    ];

    /// <summary>
    /// The first calls, up to 100,000, in the format that trace viewers read: an object with <c>traceEvents</c>, times in
    /// microseconds.
    /// </summary>
    public void WriteTrace(Stream destination)
    {
        using var json = new Utf8JsonWriter(destination);
        json.WriteStartObject();
        json.WriteStartArray("traceEvents");
        foreach (var (id, shape, start, ticks) in _trace)
        {
            json.WriteStartObject();
            json.WriteString("name", id);
            json.WriteString("cat", shape);
            json.WriteString("ph", "X");
            json.WriteNumber("ts", Microseconds(start - _start));
            json.WriteNumber("dur", Microseconds(ticks));
            json.WriteNumber("pid", 0);
            json.WriteNumber("tid", 0);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    internal void Launch<TCall>(Device device, Operator<TCall> op, KernelVariant<TCall> variant, in TCall call)
        where TCall : struct, IKernelCall
    {
        device.Synchronize();
        var start = Stopwatch.GetTimestamp();
        variant.Launch(device, in call);
        device.Synchronize();
        var ticks = Stopwatch.GetTimestamp() - start;
        var id = op.IdOf(variant);
        if (!_totals.TryGetValue(id, out var total))
        {
            _totals[id] = total = new Total();
        }

        total.Calls++;
        total.Ticks += ticks;
        total.Flops += call.Flops;
        total.Bytes += call.Bytes;
        if (_trace.Count < MostTraced)
        {
            _trace.Add((id, call.Shape, start, ticks));
        }
    }

    private static double Microseconds(long ticks) => 1e6 * ticks / Stopwatch.Frequency;

    private sealed class Total
    {
        public long Calls;
        public long Ticks;
        public double Flops;
        public double Bytes;
    }
}

/// <summary>What a variant took in all.</summary>
/// <param name="Id">Operator and variant.</param>
/// <param name="Calls">Number of calls.</param>
/// <param name="Seconds">Time in them.</param>
/// <param name="Flops">Floating-point operations that the mathematics needs.</param>
/// <param name="Bytes">Bytes that had to move at least.</param>
public readonly record struct ProfileRow(string Id, long Calls, double Seconds, double Flops, double Bytes)
{
    /// <summary>Floating-point operations per second.</summary>
    public double FlopRate => Flops / Seconds;

    /// <summary>Bytes per second.</summary>
    public double ByteRate => Bytes / Seconds;
}
