using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>How a session works in a run folder.</summary>
/// <param name="CommandLine">The words that started it, for the run's record.</param>
/// <param name="Settings">Content of <c>config.resolved.json</c>.</param>
/// <param name="Overwrite">Whether what is finished may be made again because settings or data changed.</param>
public sealed record RunSession(IReadOnlyList<string> CommandLine, string Settings, bool Overwrite);

/// <summary>What every stage of a run needs: options, data, device, and where to write and tell.</summary>
internal sealed class RunContext : IDisposable
{
    private readonly Lazy<MetricsWriter> _metrics;

    public RunContext(DptPlan plan, RunFolder folder, Device device, IRunObserver observer, bool overwrite)
        : this(plan, folder, device, observer, overwrite, NormalisationStatistics.Of(plan.Data.Train), () => new MetricsWriter(folder.MetricsPath, events: folder.EventsPath))
    {
    }

    private RunContext(
        DptPlan plan,
        RunFolder folder,
        Device device,
        IRunObserver observer,
        bool overwrite,
        NormalisationStatistics normalisation,
        Func<MetricsWriter> openMetrics)
    {
        Plan = plan;
        Folder = folder;
        Device = device;
        Observer = observer;
        Overwrite = overwrite;
        Normalisation = normalisation;
        _metrics = new Lazy<MetricsWriter>(openMetrics);
    }

    public DptPlan Plan { get; }

    public DptOptions Options => Plan.Options;

    public RunFolder Folder { get; }

    public Device Device { get; }

    public IRunObserver Observer { get; }

    /// <summary>Whether what is finished may be made again because settings or data changed.</summary>
    public bool Overwrite { get; }

    public DatasetPair Data => Plan.Data;

    /// <summary>Which training images the method may see the labels of.</summary>
    public LabelSplit Split => Plan.Split;

    public NormalisationStatistics Normalisation { get; }

    /// <summary>What computes in this session, as far as results can depend on it.</summary>
    public string Machine => $"engine {RunRecord.EngineVersion} on {Device.Arithmetic}"
        + (Device.Selection.Choices is { Length: > 0 } kernels ? $" with {kernels}" : "");

    public MetricsWriter Metrics => _metrics.Value;

    /// <summary>The seed of a stage: stages with the same settings must not repeat each other's draws.</summary>
    public ulong StageSeed(int stage) => ((ulong)(uint)Options.Seed << 8) + (uint)stage;

    /// <summary>What the user gives that decides a piece of work: settings by name, and hashes of the data.</summary>
    /// <param name="settings">The settings, by group or name.</param>
    /// <param name="data">The data that it sees: any of <c>train</c>, <c>test</c>, <c>labels</c>.</param>
    public SortedDictionary<string, string> Given(string[] settings, params string[] data)
    {
        var given = SettingValues.Of(Options, settings);
        foreach (var name in data)
        {
            given[$"hash of {name}"] = Plan.DataHashes[name];
        }

        return given;
    }

    /// <summary>The same with a file of its own for the numbers: verbs that read leave the run's as they are.</summary>
    public RunContext WithMetricsAt(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return new RunContext(Plan, Folder, Device, Observer, Overwrite, Normalisation, () => new MetricsWriter(path));
    }

    public void Dispose()
    {
        if (_metrics.IsValueCreated)
        {
            _metrics.Value.Dispose();
        }
    }
}
