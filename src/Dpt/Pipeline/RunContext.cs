using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What every stage of a run needs: options, data, device, and where to write and tell.</summary>
internal sealed class RunContext : IDisposable
{
    public RunContext(DptOptions options, RunFolder folder, Device device, IRunObserver observer)
    {
        Options = options;
        Folder = folder;
        Device = device;
        Observer = observer;
        Data = DatasetCatalog.Load(options.Data, options.Seed);
        Split = LabelSplit.Create(Data.Train, options.Data, options.Seed);
        Split.Save(folder.LabelsPath, Data.Train);
        TellOfReading();
        Normalisation = NormalisationStatistics.Of(Data.Train);
        Metrics = new MetricsWriter(folder.MetricsPath);
    }

    public DptOptions Options { get; }

    public RunFolder Folder { get; }

    public Device Device { get; }

    public IRunObserver Observer { get; }

    public DatasetPair Data { get; }

    /// <summary>Which training images the method may see the labels of.</summary>
    public LabelSplit Split { get; }

    public NormalisationStatistics Normalisation { get; }

    public MetricsWriter Metrics { get; }

    /// <summary>The seed of a stage: stages with the same settings must not repeat each other's draws.</summary>
    public ulong StageSeed(int stage) => ((ulong)(uint)Options.Seed << 8) + (uint)stage;

    public void Dispose() => Metrics.Dispose();

    private void TellOfReading()
    {
        foreach (var note in Data.Notes)
        {
            Observer.Message(note);
        }

        if (Options.Data.SkipBroken)
        {
            BrokenImage.Save(Folder.SkippedImagesPath, Data.Skipped);
        }
    }
}
