using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>A training without labels, and where its network goes.</summary>
/// <param name="Options">Data, sizes of the network, its training, and the seed; nothing else of them counts.</param>
/// <param name="Folder">The folder to make, which is not there yet, in one that is.</param>
public sealed record PretrainRequest(DptOptions Options, string Folder)
{
    /// <summary>Where the training lies until it is finished: checkpoints and metrics.</summary>
    public string WorkFolder => Path.TrimEndingDirectorySeparator(Folder) + ".training";
}

/// <summary>What a training without labels made.</summary>
/// <param name="Network">The network and its sizes, in one line.</param>
/// <param name="Parameters">Its learned numbers.</param>
/// <param name="Images">Images that it has learned from.</param>
/// <param name="Steps">Updates.</param>
/// <param name="Pixels">Name of the <see cref="PixelScale"/> that it wants images in.</param>
/// <param name="Warnings">What a reader should know.</param>
public sealed record PretrainResult(
    string Network, long Parameters, int Images, int Steps, string Pixels, IReadOnlyList<string> Warnings);

/// <summary>
/// Trains a vision transformer on all training images without their labels (<see cref="MsnTrainer"/>), and puts its averaged weights into a
/// folder as <c>dpt import --as vit --features</c> makes them. Pixels are scaled as the official code does it, with ImageNet's mean and
/// deviation, which is what probes take for granted.
/// </summary>
public static class MsnPretraining
{
    private const string Stage = "pretrain";
    private const string MetricsName = "metrics.jsonl";
    private const string CheckpointsName = "checkpoints";
    private const string HeadOfTraining = "fc.";

    /// <summary>Trains to the end; what an earlier session with the same settings and data left is continued.</summary>
    /// <param name="request">What.</param>
    /// <param name="device">Where.</param>
    /// <param name="observer">Hears of progress.</param>
    /// <param name="stop">Stops between two updates; the state is saved.</param>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    /// <exception cref="DptException">
    /// Usage: the sizes do not fit the images. Environment and Check: a file cannot be read or written, or is damaged. Diverged: a number of
    /// the training is not finite.
    /// </exception>
    public static PretrainResult Run(PretrainRequest request, Device device, IRunObserver observer, CancellationToken stop)
    {
        var options = MsnOptions.Of(request.Options.Pretrain);
        var data = DatasetCatalog.Load(request.Options.Data, request.Options.Seed);
        var (images, scale) = (data.Train, PixelScale.Scales[0]);
        using var trainer = new MsnTrainer(
            device, options, images, scale.Statistics(images.Channels), (ulong)(uint)request.Options.Seed);
        var warnings = data.Notes.Concat(data.Skipped.Select(image => image.ToString())).ToList();
        observer.Message($"trains in '{request.WorkFolder}'; if it is stopped, the same command goes on from there");
        var metrics = Train(request, trainer, images, observer, stop);
        if (trainer.Collapse is { } collapse)
        {
            warnings.Add(collapse);
        }

        trainer.Average.Adopt();
        using var network = Open(trainer, options);
        ImportedFolder.Save(
            network, ForeignNetwork.Vit, request.Folder, Card(network, images, options, scale), metrics);
        Directory.Delete(request.WorkFolder, recursive: true);
        return new PretrainResult(network.Description, network.Parameters, images.Count, options.Steps, scale.Name, warnings);
    }

    /// <summary>Trains to the end; returns the path of the metrics.</summary>
    private static string Train(
        PretrainRequest request, MsnTrainer trainer, ImageDataset images, IRunObserver observer, CancellationToken stop)
    {
        var given = SettingValues.Of(request.Options, "seed", Stage);
        given["hash of train"] = images.Hash;
        var checkpoints = Path.Combine(request.WorkFolder, CheckpointsName);
        var path = Path.Combine(request.WorkFolder, MetricsName);
        MakeFolder(checkpoints);
        using var metrics = new MetricsWriter(path);
        var place = new Place(request.Options.Run, observer, metrics, ITrainingPlace.MachineOf(trainer.Store.Device));
        var origin = new StageOrigin(given, new Dictionary<string, string>());
        var told = false;
        new TrainLoop(place, Stage, trainer, new TrainerCheckpoints(checkpoints, place, origin), Watch).Run(stop);
        return path;

        IReadOnlyList<(string Name, double Value)> Watch()
        {
            if (!told && trainer.Step < trainer.TotalSteps && trainer.Collapse is { } collapse)
            {
                observer.Message($"{Stage}: warning: {collapse}");
                told = true;
            }

            return [];
        }
    }

    private static ForeignNetwork Open(MsnTrainer trainer, MsnOptions options)
    {
        var store = trainer.Store;
        var tensors = store.Export(store.Values)
            .Where(item => !item.Key.StartsWith(HeadOfTraining, StringComparison.Ordinal))
            .ToDictionary(item => item.Key, item => new WeightTensor(item.Value.Shape.ToArray(), item.Value.Values), StringComparer.Ordinal);
        return ForeignNetwork.Open(
            store.Device,
            new ForeignNetworkOptions(Stage, Part: null, ForeignNetwork.Vit, options.Network.Heads, Features: true),
            tensors);
    }

    private static string Card(ForeignNetwork network, ImageDataset images, MsnOptions options, PixelScale scale) =>
        HubFolder.Head(ExportRequest.UnknownLicence, network.Task) + "---\n\n"
        + $"# Features of {OneLine.Of(images.Name)}\n\n{network.Description}.\n\n"
        + $"Made by `dpt pretrain` of DPT.Engine from {images.Count} images without their labels: masked siamese networks, {options.Steps} updates. "
        + $"Images go in with pixels as `{scale.Name}` has them ({scale.Description}).\n\n"
        + HubFolder.Files
        + "`metrics.jsonl` has the numbers of the training. `dpt probe --features DIR` says what its features are worth, `dpt run --set probe.features=DIR` works with them.\n";

    private static void MakeFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write '{path}': {error.Message}", error);
        }
    }

    private sealed record Place(RunOptions Run, IRunObserver Observer, MetricsWriter Metrics, string Machine) : ITrainingPlace;
}
