using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>A step of the method that has a verb of its own.</summary>
internal enum DptStage
{
    TrainClassifier,
    PseudoLabel,
    TrainDiffusion,
    Generate,
    Retrain,
    Evaluate,
}

/// <summary>What a stage needs to know.</summary>
/// <param name="Plan">The resolved options with the data, checked.</param>
/// <param name="Folder">The run folder; it exists.</param>
/// <param name="Device">Where to compute; the caller disposes of it.</param>
/// <param name="Observer">Where to tell what happens.</param>
/// <param name="Session">How the session works in the folder.</param>
internal sealed record RunRequest(
    DptPlan Plan, RunFolder Folder, Device Device, IRunObserver Observer, RunSession Session);

/// <summary>What to compute with a network of another tool.</summary>
/// <param name="Network">The network.</param>
/// <param name="X">File of images.</param>
/// <param name="T">File of times, or null.</param>
/// <param name="Y">File of labels, or null.</param>
/// <param name="Out">The file to write.</param>
/// <param name="Gradients">Whether gradients are asked for, and not the output.</param>
internal sealed record NetworkRequest(ForeignNetworkOptions Network, string X, string? T, string? Y, string Out, bool Gradients);

/// <summary>What to draw with a network of another tool.</summary>
/// <param name="Network">The network.</param>
/// <param name="Init">File of noise.</param>
/// <param name="Labels">File of labels, or null.</param>
/// <param name="Schedule">The process that it was trained on.</param>
/// <param name="Drawing">Solver, evaluations, guidance, threshold.</param>
/// <param name="Seed">Seed of the noise of solvers that add some.</param>
/// <param name="Out">The file to write; of an autoencoder the folder to make.</param>
/// <param name="Autoencoder">A folder of <c>dpt import</c> whose decoder makes images of the samples; null to leave them as they are.</param>
internal sealed record NetworkSampleRequest(
    ForeignNetworkOptions Network, string Init, string? Labels, string Schedule, GenerateOptions Drawing, int Seed, string Out, string? Autoencoder = null);

/// <summary>Which latents to decode.</summary>
/// <param name="Latents">File of latents.</param>
/// <param name="Autoencoder">A folder of <c>dpt import</c>.</param>
/// <param name="Out">The folder to make.</param>
internal sealed record DecodeRequest(string Latents, string Autoencoder, string Out);

/// <summary>Which network of another tool to make a folder of.</summary>
/// <param name="Network">The network.</param>
/// <param name="Licence">Of the weights, as the hub names it.</param>
/// <param name="Out">The folder to make.</param>
internal sealed record ImportRequest(ForeignNetworkOptions Network, string Licence, string Out);

/// <summary>
/// What the command line asks of the engine. Work stops at the token: it saves, then throws
/// <see cref="OperationCanceledException"/>. Tests put their own here.
/// </summary>
internal interface IDptCommands
{
    /// <summary>Reads the data and checks everything that can be known before work; writes nothing.</summary>
    /// <exception cref="DptException">The data is missing or damaged, settings contradict each other, or memory is short.</exception>
    DptPlan Plan(DptOptions options, Device device);

    /// <summary>Counts what a run takes at least; computes and writes nothing.</summary>
    IReadOnlyList<StageCost> CostsOf(DptPlan plan, Device device);

    /// <summary>Plans a run for a budget, from a look at the data and some seconds of measuring; writes nothing.</summary>
    /// <param name="options">The options without a plan.</param>
    /// <param name="complete">The options with planned settings, as far as the user says nothing else.</param>
    /// <param name="budget">How long the run may take.</param>
    /// <param name="device">Where it will compute.</param>
    RunPlan PlanFor(
        DptOptions options, Func<IReadOnlyDictionary<string, object>, DptOptions> complete, Budget budget, Device device);

    /// <summary>Throws if the work would make again what is finished and the session may not; writes nothing.</summary>
    /// <param name="stage">The stage that would run; null for all.</param>
    /// <param name="request">What it would be asked.</param>
    /// <exception cref="DptException">Usage: it says what would be made again, and why.</exception>
    void RequireConsent(DptStage? stage, RunRequest request);

    /// <summary>Runs all stages that are not finished yet; writes <c>result.json</c>.</summary>
    DptResult Run(RunRequest request, CancellationToken stop);

    /// <summary>Runs one stage in a run folder where the stages before it are finished; evaluations change nothing there.</summary>
    IReadOnlyList<NamedValue> RunStage(DptStage stage, RunRequest request, CancellationToken stop);

    /// <summary>Compares the pseudo-images of a run with its training images or others; of the run nothing changes.</summary>
    /// <inheritdoc cref="DptPipeline.MeasureSamples"/>
    IReadOnlyList<NamedValue> MeasureSamples(RunRequest request, SampleComparison comparison, CancellationToken stop);

    /// <summary>Draws with the generator of a run; of the run nothing changes.</summary>
    /// <inheritdoc cref="Samples.Of"/>
    Samples Sample(RunLayout run, SampleRequest request, Device device, IRunObserver observer, CancellationToken stop);

    /// <summary>Takes a trained network out of a run for other tools; of the run nothing changes.</summary>
    /// <inheritdoc cref="ModelExport.Save"/>
    string Export(RunLayout run, ExportRequest request, Device device, IRunObserver observer);

    /// <summary>Predicts the classes of images; of the run nothing changes.</summary>
    /// <inheritdoc cref="Predictions.Of"/>
    Predictions Predict(
        RunLayout run, IReadOnlyList<string> paths, bool skipBroken, Device device, IRunObserver observer, CancellationToken stop);

    /// <summary>Measures what a frozen network's features are worth with few labels; writes nothing but the cache that it is given.</summary>
    /// <inheritdoc cref="FewLabelProbe.Of"/>
    ProbeResult Probe(ProbeRequest request, Device device, IRunObserver observer, CancellationToken stop);

    /// <summary>Trains a network without labels, and makes a folder of it, which appears whole or not at all.</summary>
    /// <inheritdoc cref="MsnPretraining.Run"/>
    PretrainResult Pretrain(PretrainRequest request, Device device, IRunObserver observer, CancellationToken stop);

    /// <summary>Computes with a network of another tool, and writes what comes out; it appears whole or not at all.</summary>
    /// <exception cref="DptException">See <see cref="ForeignNetwork.Open"/> and <see cref="ForeignNetwork.Forward"/>.</exception>
    IReadOnlyList<NamedValue> RunNetwork(NetworkRequest request, Device device);

    /// <summary>Draws with a network of another tool, and writes the samples; the file appears whole or not at all.</summary>
    /// <exception cref="DptException">See <see cref="ForeignNetwork.Open"/> and <see cref="ForeignNetwork.Sample"/>.</exception>
    IReadOnlyList<NamedValue> SampleNetwork(NetworkSampleRequest request, Device device, IRunObserver observer, CancellationToken stop);

    /// <summary>Encodes the images of a set into a file, which an interrupted session leaves to the next.</summary>
    /// <inheritdoc cref="LatentExtraction.Of"/>
    EncodeResult Encode(EncodeRequest request, Device device, IRunObserver observer, CancellationToken stop);

    /// <summary>Makes images of latents; the folder appears whole or not at all.</summary>
    /// <exception cref="DptException">See <see cref="LatentImages.Save"/>.</exception>
    IReadOnlyList<NamedValue> Decode(DecodeRequest request, Device device, IRunObserver observer, CancellationToken stop);

    /// <summary>Makes a folder of a network of another tool; it appears whole or not at all.</summary>
    /// <exception cref="DptException">See <see cref="ForeignNetwork.Open"/> and <see cref="ImportedFolder.Save"/>.</exception>
    IReadOnlyList<NamedValue> Import(ImportRequest request, Device device);

    /// <summary>Brings a published data set into a folder.</summary>
    /// <inheritdoc cref="PublishedSet.Save"/>
    void GetData(PublishedSet set, string folder, Uri? from, IRunObserver observer, CancellationToken stop);

    /// <summary>Counts of the data set.</summary>
    IReadOnlyList<NamedValue> DescribeData(DptOptions options);

    /// <summary>Looks for what may be wrong with the data set.</summary>
    /// <inheritdoc cref="DataCheck.Of"/>
    DataCheck CheckData(DptOptions options);

    /// <summary>Writes a PNG with the first training images of every class, one class a row.</summary>
    void ExportContactSheet(DptOptions options, string file);
}
