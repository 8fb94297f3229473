using System.Text.Json;

namespace DPT.Engine.Dpt;

/// <summary>A line of <c>metrics.jsonl</c>.</summary>
/// <param name="Stage">Name of the stage.</param>
/// <param name="Step">Updates made.</param>
/// <param name="Time">Unix seconds.</param>
/// <param name="Values">Numbers by name.</param>
public sealed record MetricsLine(string Stage, long Step, double Time, IReadOnlyDictionary<string, double> Values);

/// <summary>Reads what <see cref="MetricsWriter"/> wrote, without what a resume has superseded.</summary>
public static class MetricsReader
{
    /// <summary>The lines that count, in their order. A last line without its end is left out.</summary>
    /// <exception cref="DptException">Environment: the file is missing. Check: a line is damaged, or it has more than 256 MiB.</exception>
    public static List<MetricsLine> Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new DptException(FailureKind.Environment, $"the file '{path}' does not exist");
        }

        var texts = DataFile.ReadText(path, text => text.Split('\n'));
        var lines = new List<MetricsLine>(texts.Length);
        for (var i = 0; i < texts.Length - 1; i++)
        {
            try
            {
                Add(lines, texts[i]);
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
            {
                throw DataFile.Corrupt(path, $"line {i + 1}, '{OneLine.Start(texts[i])}', is no metrics line", error);
            }
        }

        return lines;
    }

    private static void Add(List<MetricsLine> lines, string text)
    {
        using var json = JsonDocument.Parse(text);
        var root = json.RootElement;
        var (stage, step) = (root.GetProperty("stage").GetString()!, root.GetProperty("step").GetInt64());
        if (root.TryGetProperty("resumed", out _))
        {
            lines.RemoveAll(line => line.Stage == stage && line.Step > step);
            return;
        }

        var values = root.EnumerateObject()
            .Where(property => property.Name is not ("stage" or "step" or "time"))
            .ToDictionary(property => property.Name, property => Number(property.Value));
        lines.Add(new MetricsLine(stage, step, root.GetProperty("time").GetDouble(), values));
    }

    private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.Number
        ? value.GetDouble()
        : value.GetString() switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => throw new FormatException("a value is neither a number nor the name of one"),
        };
}
