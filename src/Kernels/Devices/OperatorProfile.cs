using System.Diagnostics;
using System.Text.Json;

namespace DPT.Engine.Kernels;

/// <summary>Where a device's time goes: every operator call by variant, and a trace for a trace viewer.</summary>
public sealed class OperatorProfile
{
    /// <summary>Calls in the trace; the table counts all.</summary>
    private const int MaxTraced = 100_000;

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

    /// <summary>Runs a launch, waits for it and notes what it took.</summary>
    internal void Time(Device device, string id, in OperatorCost cost, Action launch)
    {
        device.Synchronize();
        var start = Stopwatch.GetTimestamp();
        launch();
        device.Synchronize();
        var ticks = Stopwatch.GetTimestamp() - start;
        if (!_totals.TryGetValue(id, out var total))
        {
            _totals[id] = total = new Total();
        }

        total.Calls++;
        total.Ticks += ticks;
        total.Flops += cost.Flops;
        total.Bytes += cost.Bytes;
        if (_trace.Count < MaxTraced)
        {
            _trace.Add((id, cost.Shape, start, ticks));
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

/// <summary>What a call is said to need.</summary>
/// <param name="Shape">Its sizes in one line.</param>
/// <param name="Flops">Floating-point operations that the mathematics needs.</param>
/// <param name="Bytes">Bytes that have to move at least.</param>
internal readonly record struct OperatorCost(string Shape, double Flops, double Bytes);

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
