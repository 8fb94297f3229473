using System.Text.Json;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>
/// Reads what a run folder holds, for the report. A piece that is missing or unreadable becomes a note: a report of
/// half a run is better than none.
/// </summary>
internal sealed class RunFiles(string folder)
{
    private const long LargestPicture = 1 << 26;

    private readonly List<string> _notes = [];

    /// <summary>What could not be shown, and why.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>A JSON file as a document, or null.</summary>
    public JsonElement? Json(string name) => Read(name, path =>
    {
        using var document = JsonDocument.Parse(RegularFile.ReadText(path));
        return (JsonElement?)document.RootElement.Clone();
    });

    /// <summary>A file as text for a data URL, or null.</summary>
    public string? Base64(string name) => Read(name, path => Convert.ToBase64String(RegularFile.ReadBytes(path, LargestPicture)));

    /// <summary>The finite numbers of <c>metrics.jsonl</c> by stage and key.</summary>
    public IReadOnlyDictionary<(string Stage, string Key), List<(double X, double Y)>> Metrics() =>
        Read("metrics.jsonl", path => MetricsReader.Read(path)
            .SelectMany(line => line.Values, (line, value) => (line.Stage, value.Key, Point: (X: (double)line.Step, Y: value.Value)))
            .Where(value => double.IsFinite(value.Point.Y))
            .GroupBy(value => (value.Stage, value.Key), value => value.Point)
            .ToDictionary(series => series.Key, series => series.ToList())) ?? [];

    /// <summary>The probabilities of <c>pseudo-labels.csv</c>, or null.</summary>
    public float[]? Confidences() => Read("stage-1-classifier/pseudo-labels.csv", PseudoLabelFile.ReadProbabilities);

    /// <summary>Counts by true class (rows) and predicted class, or null.</summary>
    public ConfusionMatrix? Confusion() => Read("stage-3-classifier/confusion.json", path =>
        new ConfusionMatrix(JsonSerializer.Deserialize<long[][]>(RegularFile.ReadText(path)) ?? []));

    private T? Read<T>(string name, Func<string, T> read)
    {
        var path = Path.Combine(folder, name);
        if (!File.Exists(path))
        {
            _notes.Add($"{name} is not there yet");
            return default;
        }

        try
        {
            return read(path);
        }
        catch (Exception e) when (e is DptException or InvalidDataException or IOException or UnauthorizedAccessException or JsonException
            or FormatException or ArgumentException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            _notes.Add($"{name} cannot be read: {e.Message}");
            return default;
        }
    }
}
