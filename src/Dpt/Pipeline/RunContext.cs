using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>How a session works in a run folder.</summary>
/// <param name="CommandLine">The words that started it, for the run's record.</param>
/// <param name="Settings">Content of <c>config.resolved.json</c>.</param>
/// <param name="Overwrite">Whether what is finished may be made again because settings or data changed.</param>
public sealed record RunSession(IReadOnlyList<string> CommandLine, string Settings, bool Overwrite);

/// <summary>What every stage of a run needs: options, data, device, and where to write and tell.</summary>
internal sealed class RunContext : ITrainingPlace, IDisposable
{
    private readonly Lazy<MetricsWriter> _metrics;
    private readonly Lazy<IFrozenFeatures> _network;
    private readonly Lazy<CachedFeatures> _frozen;

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
        _network = new Lazy<IFrozenFeatures>(() => FrozenNetwork.Open(FeatureRecipe.Of(Options.Probe), Data.Train.Form, Device));
        _frozen = new Lazy<CachedFeatures>(() => new CachedFeatures(_network.Value, Options.Probe.Cache ?? Folder.FeaturesPath, Observer));
    }

    public DptPlan Plan { get; }

    public DptOptions Options => Plan.Options;

    public RunOptions Run => Options.Run;

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
    public string Machine => ITrainingPlace.MachineOf(Device);

    public MetricsWriter Metrics => _metrics.Value;

    /// <summary>The features that the run's probes work on, for who has the settings of one.</summary>
    public CachedFeatures Frozen => _frozen.Value;

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

    /// <summary>
    /// What the user gives that decides a classifier. That of a probe depends on none of the settings of a network and its training, and on
    /// what the frozen network is, not on where it lies.
    /// </summary>
    /// <param name="settings">The settings that decide a network's.</param>
    /// <param name="data">See <see cref="Given"/>.</param>
    public SortedDictionary<string, string> GivenToClassify(string[] settings, params string[] data)
    {
        if (!Options.Probe.IsUsed)
        {
            return Given(settings, data);
        }

        var given = Given(["probe"], data);
        given.Remove("probe.cache");
        given["probe.features"] = _network.Value.Name;
        return given;
    }

    /// <summary>
    /// What the user gives that decides a generator. Latents follow from what the autoencoder is, not from where it lies or when images were
    /// encoded.
    /// </summary>
    /// <param name="settings">See <see cref="Given"/>.</param>
    public SortedDictionary<string, string> GivenToGenerate(params string[] settings)
    {
        const string Autoencoder = "diffusion.autoencoder";
        var given = Given(settings, "train");
        given.Remove("diffusion.latents");
        given.Remove(Autoencoder);
        if (Plan.Autoencoder is { } hash)
        {
            given[Autoencoder] = hash;
        }

        return given;
    }

    /// <summary>The classifier of a finished stage.</summary>
    /// <param name="path">Its file.</param>
    /// <exception cref="DptException">Check: the file is damaged.</exception>
    public IImageClassifier LoadClassifier(string path)
    {
        if (Options.Probe.IsUsed)
        {
            return DataFile.Worded(path, () => ProbeClassifier.Import(Frozen, Data.Train.Classes, StateDict.Load(path)));
        }

        var classifier = new ImageClassifier(Device, Options.Classifier, Data.Train, Normalisation, seed: 0);
        classifier.Store.Import(classifier.Store.Values, StateDict.Load(path));
        return classifier;
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

        if (_network.IsValueCreated)
        {
            _network.Value.Dispose();
        }
    }
}
