using System.Text.Json;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>
/// Reads what a run folder holds, for the report. A piece that is missing or unreadable becomes a note: a report of
/// half a run is better than none.
/// </summary>
internal sealed class RunFiles
{
    private const long LargestPicture = 1 << 26;

    private readonly RunLayout _run;
    private readonly RoundLayout _round;
    private readonly List<string> _notes = [];

    /// <summary>Reads the result; what is shown of stages 2 and 3 is that of the last round in it.</summary>
    public RunFiles(RunLayout run)
    {
        _run = run;
        Result = Json(run.ResultPath);
        _round = run.Round(Math.Max(Result is { ValueKind: JsonValueKind.Object } result
            && result.TryGetProperty("rounds", out var rounds) && rounds.ValueKind == JsonValueKind.Array ? rounds.GetArrayLength() : 1, 1));
    }

    /// <summary>What could not be shown, and why.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary><c>result.json</c>, or null.</summary>
    public JsonElement? Result { get; }

    /// <summary><c>config.resolved.json</c>, or null.</summary>
    public JsonElement? Config() => Json(_run.ConfigPath);

    /// <summary>The picture of pseudo-images as text for a data URL, or null.</summary>
    public string? Samples() => Picture(_round.Diffusion.SamplesPath);

    /// <summary>The picture of pseudo-images beside training images, likewise.</summary>
    public string? Neighbours() => Picture(_round.Diffusion.NeighboursPath);

    /// <summary>The finite numbers of <c>metrics.jsonl</c> by stage and key.</summary>
    public IReadOnlyDictionary<(string Stage, string Key), List<(double X, double Y)>> Metrics() =>
        Read(_run.MetricsPath, path => MetricsReader.Read(path)
            .SelectMany(line => line.Values, (line, value) => (line.Stage, value.Key, Point: (X: (double)line.Step, Y: value.Value)))
            .Where(value => double.IsFinite(value.Point.Y))
            .GroupBy(value => (value.Stage, value.Key), value => value.Point)
            .ToDictionary(series => series.Key, series => series.ToList())) ?? [];

    /// <summary>The probabilities of the first <c>pseudo-labels.csv</c>, or null.</summary>
    public float[]? Confidences() => Read(_run.Round(1).Labels.PseudoLabelsPath, PseudoLabelFile.ReadProbabilities);

    /// <summary>Counts by true class (rows) and predicted class, or null.</summary>
    public ConfusionMatrix? Confusion() => Read(_round.Retrain.ConfusionPath, path =>
        new ConfusionMatrix(JsonSerializer.Deserialize<long[][]>(RegularFile.ReadText(path)) ?? []));

    private string? Picture(string file) =>
        Read(file, path => Convert.ToBase64String(RegularFile.ReadBytes(path, LargestPicture)));

    /// <summary>A JSON file as a document, or null.</summary>
    private JsonElement? Json(string path) => Read(path, file =>
    {
        using var document = JsonDocument.Parse(RegularFile.ReadText(file));
        return (JsonElement?)document.RootElement.Clone();
    });

    private T? Read<T>(string path, Func<string, T> read)
    {
        var name = Path.GetRelativePath(_run.FolderPath, path).Replace('\\', '/');
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
