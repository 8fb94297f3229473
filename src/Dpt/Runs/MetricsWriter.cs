using System.Text.Json;

namespace DPT.Engine.Dpt;

/// <summary>
/// Numbers over time, <c>metrics.jsonl</c>: one JSON object per line with <c>step</c>, <c>time</c> (Unix seconds),
/// <c>stage</c> and values by name with slashes (<c>train/loss</c>). Numbers that are not finite are strings. Lines are
/// only ever appended; a training begins with a line with <c>"resumed": true</c>, which supersedes what that stage wrote
/// beyond its step in earlier sessions.
/// </summary>
public sealed class MetricsWriter : IDisposable
{
    private readonly FileStream _file;
    private readonly TimeProvider _clock;
    private readonly EventFiles? _events;

    /// <summary>Opens the file for appending and cuts off a last line that a killed process left unfinished.</summary>
    /// <param name="path">The file.</param>
    /// <param name="clock">Tells the time; null for the system's.</param>
    /// <param name="events">Folder in which the same numbers are written for TensorBoard; null for no such files.</param>
    /// <exception cref="DptException">Environment: the file cannot be written.</exception>
    public MetricsWriter(string path, TimeProvider? clock = null, string? events = null)
    {
        _clock = clock ?? TimeProvider.System;
        _events = events is null ? null : new EventFiles(events);
        try
        {
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write '{path}': {error.Message}", error);
        }

        _file.SetLength(EndOfLastLine());
        _file.Seek(0, SeekOrigin.End);
    }

    /// <summary>Appends a line.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="step">Updates made.</param>
    /// <param name="values">Names and numbers.</param>
    public void Write(string stage, long step, params ReadOnlySpan<(string Name, double Value)> values)
    {
        var time = Now();
        using var line = new MemoryStream();
        using (var json = Begin(line, stage, step, time))
        {
            foreach (var (name, value) in values)
            {
                if (double.IsFinite(value))
                {
                    json.WriteNumber(name, value);
                }
                else
                {
                    json.WriteString(name, double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
                }
            }

            json.WriteEndObject();
        }

        Append(line);
        _events?.Write(stage, step, time, values);
    }

    /// <summary>Notes that a stage goes on from a step: its lines beyond <paramref name="step"/> no longer count.</summary>
    public void WriteResumed(string stage, long step)
    {
        var time = Now();
        using var line = new MemoryStream();
        using (var json = Begin(line, stage, step, time))
        {
            json.WriteBoolean("resumed", true);
            json.WriteEndObject();
        }

        Append(line);
        _events?.WriteResumed(stage, step, time);
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _events?.Dispose();
    }

    private double Now() => _clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    private static Utf8JsonWriter Begin(MemoryStream line, string stage, long step, double time)
    {
        var json = new Utf8JsonWriter(line);
        json.WriteStartObject();
        json.WriteNumber("step", step);
        json.WriteNumber("time", time);
        json.WriteString("stage", stage);
        return json;
    }

    /// <summary>One write per line: readers see whole lines.</summary>
    private void Append(MemoryStream line)
    {
        line.Write("\n"u8);
        _file.Write(line.GetBuffer(), 0, (int)line.Length);
        _file.Flush();
    }

    private long EndOfLastLine()
    {
        for (var end = _file.Length; end > 0; end--)
        {
            _file.Position = end - 1;
            if (_file.ReadByte() == '\n')
            {
                return end;
            }
        }

        return 0;
    }
}
