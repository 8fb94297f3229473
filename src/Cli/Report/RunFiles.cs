using System.Text.Json;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>
/// Reads what a run folder holds, for the report. A piece that is missing or unreadable becomes a note: a report of
/// half a run is better than none.
/// </summary>
internal sealed class RunFiles
{
    private const long LargestPicture = 1 << 20;

    private readonly RunLayout _run;
    private readonly Lazy<DptResult?> _result;
    private readonly Lazy<RunRecord?> _record;
    private readonly Lazy<IReadOnlyList<RunSetting>> _settings;
    private readonly Lazy<DatasetPair?> _data;
    private readonly Lazy<IReadOnlyList<MetricsLine>> _metrics;
    private readonly List<string> _notes = [];

    /// <summary>Nothing is read yet.</summary>
    /// <param name="run">Where the run lies.</param>
    /// <param name="data">Its data, if somebody has them in memory; else they are read as its settings say.</param>
    public RunFiles(RunLayout run, DatasetPair? data = null)
    {
        _run = run;
        _result = new(() => Read(run.ResultPath, DptResult.Load));
        _record = new(() => Read(run.RecordPath, JsonFiles.Load<RunRecord>));
        _settings = new(() => Read(run.ConfigPath, path => RunSetting.In(JsonSerializer.Deserialize<JsonElement>(RegularFile.ReadText(path)))) ?? []);
        _data = new(() => data ?? Read(run.ConfigPath, Load, "the data set"));
        _metrics = new(() => Read(run.MetricsPath, MetricsReader.Read) ?? []);
    }

    /// <summary>What could not be shown, and why.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary><c>result.json</c>; null until all stages are finished.</summary>
    public DptResult? Result => _result.Value;

    /// <summary>Stage 1 of the first round, once it is finished.</summary>
    public Stage1Result? Stage1 => Result?.Stage1 ?? Stage<Stage1Result>(_run.Round(1).Labels);

    /// <summary>Stage 2, once it is finished.</summary>
    public Stage2Result? Stage2 => Result?.Stage2 ?? Stage<Stage2Result>(Round.Diffusion);

    /// <summary>Stage 3, once it is finished.</summary>
    public Stage3Result? Stage3 => Result?.Stage3 ?? Stage<Stage3Result>(Round.Retrain);

    /// <summary><c>run.json</c>, or null.</summary>
    public RunRecord? Record => _record.Value;

    /// <summary>The settings; none if they cannot be read.</summary>
    public IReadOnlyList<RunSetting> Settings => _settings.Value;

    /// <summary>The data that the run has; null if they are gone, or are others now.</summary>
    public DatasetPair? Data => _data.Value;

    /// <summary>What the data are, also before there is a result; null if nobody knows.</summary>
    public DataResult? DataFacts => Result?.Data ?? (Data is var (train, test) && Labelled() is { } labelled
        ? new DataResult(train.Name, train.Classes, train.Count, test.Count, labelled.Count, train.ImageSize, train.Channels)
        : null);

    /// <summary>The round whose stages 2 and 3 are shown: the last one that the result has.</summary>
    private RoundLayout Round => _run.Round(Math.Max(Result?.Rounds.Count ?? 1, 1));

    /// <summary>The trainings that the metrics tell of, in the order of plots.</summary>
    public IEnumerable<string> Trainings => _metrics.Value.Select(line => line.Stage).Distinct().OrderBy(StageNames.Rank);

    /// <summary>A number of the metrics over updates, by training.</summary>
    public IReadOnlyList<(string Stage, IReadOnlyList<(double X, double Y)> Points)> Series(string key) =>
    [
        .. _metrics.Value
            .Where(line => line.Values.ContainsKey(key))
            .GroupBy(line => line.Stage, line => ((double)line.Step, line.Values[key]))
            .Select(stage => (stage.Key, (IReadOnlyList<(double, double)>)[.. stage]))
            .OrderBy(stage => StageNames.Rank(stage.Key)),
    ];

    /// <summary>The last update of a training that the metrics tell of; 0 if there is none.</summary>
    public long LastStep(StageFolder stage) => _metrics.Value.LastOrDefault(line => line.Stage == stage.Name)?.Step ?? 0;

    /// <summary>The stages of the run in their order, each with its manifest once it is finished.</summary>
    public IReadOnlyList<(StageFolder Stage, StageManifest? Manifest)> Stages() =>
        [.. _run.Stages.Select(stage => (stage, File.Exists(stage.ManifestPath) ? Read(stage.ManifestPath, JsonFiles.Load<StageManifest>) : null))];

    /// <summary>The names of the classes, from the data or else from a finished classifier; null if neither is there.</summary>
    public IReadOnlyList<string>? ClassNames() => Data?.Train.ClassNames
        ?? (File.Exists(Round.Retrain.ClassifierPath) ? Read(Round.Retrain.ClassifierPath, NamesInClassifier) : null);

    /// <summary>Positions of the labelled images, or null.</summary>
    public IReadOnlyList<int>? Labelled() =>
        Data is { } data ? Read(_run.LabelsPath, path => LabelSplit.Load(path, data.Train).Indices) : null;

    /// <summary>The pseudo-labels of the last round, or null.</summary>
    public PseudoLabels? PseudoLabels() =>
        Data is { } data ? Read(Round.Labels.PseudoLabelsPath, path => PseudoLabelFile.Load(path, data.Train)) : null;

    /// <summary>The probabilities of the first <c>pseudo-labels.csv</c>, or null.</summary>
    public float[]? Confidences() => Read(_run.Round(1).Labels.PseudoLabelsPath, PseudoLabelFile.ReadProbabilities);

    /// <summary>The drawn images, or null.</summary>
    public ImageShards? Drawn() => Directory.Exists(Round.Diffusion.PseudoImagesPath)
        ? Read(Round.Diffusion.PseudoImagesPath, ImageShards.Open)
        : null;

    /// <summary>The first drawn images of a class; none if they cannot be read.</summary>
    public byte[] FirstOf(ImageShards drawn, int label, int count)
    {
        var length = drawn.Plan.Channels * drawn.Plan.ImageSize * drawn.Plan.ImageSize;
        var bytes = Read(Round.Diffusion.PseudoImagesPath, _ => drawn.Read(drawn.All.First(shard => shard.Label == label))) ?? [];
        return bytes[..Math.Min(bytes.Length, count * length)];
    }

    /// <summary>The pictures of the generator on the way that are there, as text for data URLs, and after how many updates each was taken.</summary>
    public IReadOnlyList<(long Step, string Picture)> Film(int most)
    {
        var stage = Round.Diffusion;
        long[] steps =
        [
            .. Series("seen/loss").Where(training => training.Stage == stage.Name)
                .SelectMany(training => training.Points.Select(point => (long)point.X))
                .Where(step => File.Exists(stage.FrameOf(step))),
        ];
        // The first and the last, and as many between them as there is room for.
        var shown = steps.Length <= most ? steps : [.. Enumerable.Range(0, most).Select(i => steps[i * (steps.Length - 1) / (most - 1)])];
        return [.. shown.Select(step => (step, Picture(stage.FrameOf(step)))).Where(frame => frame.Item2 is not null).Select(frame => (frame.step, frame.Item2!))];
    }

    /// <summary>The picture of pseudo-images beside training images as text for a data URL, or null.</summary>
    public string? Neighbours() => Picture(Round.Diffusion.NeighboursPath);

    /// <summary>Counts by true class (rows) and predicted class, or null.</summary>
    public ConfusionMatrix? Confusion() => Read(Round.Retrain.ConfusionPath, path =>
        new ConfusionMatrix(JsonSerializer.Deserialize<long[][]>(RegularFile.ReadText(path)) ?? []));

    private string? Picture(string file) =>
        Read(file, path => Convert.ToBase64String(RegularFile.ReadBytes(path, LargestPicture)));

    /// <summary>The result of a stage that is finished; one that is not finished is no fault.</summary>
    private T? Stage<T>(StageFolder stage) where T : class =>
        File.Exists(stage.ManifestPath) ? Read(stage.ResultPath, JsonFiles.Load<T>) : null;

    private DatasetPair Load(string configPath)
    {
        var options = ConfigLoader.Resume(configPath, []).ToOptions();
        var data = DatasetCatalog.Load(options);
        return Record is not { } record || record.DataHashes.GetValueOrDefault("train") == data.Train.Hash
            ? data
            : throw new InvalidDataException($"'{options.Data.Spec}' holds other images now than the run had");
    }

    private static IReadOnlyList<string> NamesInClassifier(string path)
    {
        using var reader = new SafeTensorsReader(path);
        using var described = JsonDocument.Parse(reader.Metadata["classifier"]);
        return [.. described.RootElement.GetProperty("classNames").EnumerateArray().Select(name => name.GetString()!)];
    }

    private T? Read<T>(string path, Func<string, T> read, string? name = null)
    {
        name ??= Path.GetRelativePath(_run.FolderPath, path).Replace('\\', '/');
        if (!Path.Exists(path))
        {
            Note($"{name} is not there yet");
            return default;
        }

        try
        {
            return read(path);
        }
        catch (Exception e) when (e is DptException or InvalidDataException or IOException or UnauthorizedAccessException or JsonException
            or FormatException or ArgumentException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            Note($"{name} cannot be read: {e.Message}");
            return default;
        }
    }

    private void Note(string text)
    {
        if (!_notes.Contains(text))
        {
            _notes.Add(text);
        }
    }
}
