using System.Diagnostics;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// Stage 2: the class-conditional generator learns from the pseudo-labels, then draws exactly K pseudo-images of every
/// class, in files that resume, and the Frechet distance of the drawn to the training images is measured.
/// </summary>
internal sealed class DiffusionStage
{
    private const int ShardSize = 256;
    private const int GridColumns = 16;
    private const int GridPixels = 48;

    private readonly RunContext _context;
    private readonly ClassifierStage _classifier;
    private readonly StageFolder _folder;
    private readonly string _trainingKey;
    private readonly string _key;

    /// <summary>The stage after a finished stage 1.</summary>
    public DiffusionStage(RunContext context, ClassifierStage classifier)
    {
        _context = context;
        _classifier = classifier;
        _folder = context.Folder.Diffusion;
        _trainingKey = StageRunner.KeyOf(context.Options.Diffusion, context.Options.Seed, Inputs);
        _key = StageRunner.KeyOf(_trainingKey, context.Options.Generate);
    }

    /// <summary>The averaged weights of the finished generator.</summary>
    public string WeightsPath => Path.Combine(_folder.FolderPath, "generator.safetensors");

    private Dictionary<string, string> Inputs => new()
    {
        ["train"] = _context.Data.Train.Hash,
        ["pseudoLabels"] = FileHash.Of(_context.Folder.Classifier.PseudoLabelsPath),
    };

    /// <summary>Trains only; drawing continues from the last checkpoint. Returns the number of updates.</summary>
    public int Train(CancellationToken stop)
    {
        using var generator = CreateGenerator();
        using var trainer = CreateTrainer(generator);
        CreateLoop(trainer).Run(stop);
        return trainer.Step;
    }

    /// <summary>Trains and draws, or reads the finished result.</summary>
    public Stage2Result Run(CancellationToken stop) =>
        StageRunner.Run(_context, _folder, _key, Inputs, () => Work(stop));

    /// <summary>The pseudo-images of the finished stage, labelled with the class they were drawn for.</summary>
    public ImageDataset LoadImages() =>
        ImageShards.Open(_folder.PseudoImagesPath).Load("pseudo-images", _context.Data.Train.ClassNames);

    private Generator CreateGenerator() =>
        new(_context.Device, _context.Options.Diffusion, _context.Data.Train, _context.StageSeed(2));

    private DiffusionTrainer CreateTrainer(Generator generator) => new(
        generator,
        _context.Options.Diffusion,
        _context.Data.Train,
        _classifier.LoadPseudoLabels().Labels,
        _context.StageSeed(2));

    private TrainLoop CreateLoop(DiffusionTrainer trainer) => new(
        _context,
        _folder.Name,
        trainer,
        new TrainerCheckpoints(_folder.CheckpointsPath, _context, _trainingKey),
        evaluate: () => []);

    private (Stage2Result, string[]) Work(CancellationToken stop)
    {
        using var generator = CreateGenerator();
        using var trainer = CreateTrainer(generator);
        var loop = CreateLoop(trainer);
        loop.Run(stop);
        var trainingSeconds = loop.Seconds;
        var clock = Stopwatch.StartNew();
        trainer.Average.Adopt();
        StateDict.Save(WeightsPath, generator.Store.Export(generator.Store.Values));
        var images = Draw(generator, stop);
        SaveGrid(images);
        var frechet = MeasureFrechet(images, stop);
        _context.Observer.Message(FormattableString.Invariant(
            $"{_folder.Name}: {images.Count} pseudo-images, Frechet distance {frechet.Value:f2} ({frechet.Features})"));
        var seen = (long)trainer.Step * trainer.ImagesPerStep;
        var result = new Stage2Result(
            generator.Store.Count,
            trainer.Step,
            seen,
            seen / Math.Max(trainingSeconds, 1e-9),
            frechet,
            trainingSeconds + clock.Elapsed.TotalSeconds);
        return (result, [WeightsPath, _folder.SamplesPath, .. Directory.GetFiles(_folder.PseudoImagesPath)]);
    }

    private ImageDataset Draw(Generator generator, CancellationToken stop)
    {
        var options = _context.Options.Generate;
        var config = generator.Config;
        var plan = new ImageShardPlan(
            _context.Data.Train.Classes,
            options.PerClass,
            config.Channels,
            config.ImageSize,
            ShardSize,
            StageRunner.KeyOf(FileHash.Of(WeightsPath), options with { Batch = 0 }, _context.Options.Seed));
        var shards = ImageShards.BeginOrResume(_folder.PseudoImagesPath, plan);
        using var drawer = new PseudoImageDrawer(generator, options, _context.StageSeed(2));
        var total = (long)plan.Classes * plan.PerClass;
        var done = total - shards.Missing.Sum(shard => (long)shard.Count);
        var (clock, before) = (Stopwatch.StartNew(), done);
        foreach (var shard in shards.Missing.ToList())
        {
            shards.Write(shard, drawer.DrawAll(shard, stop));
            done += shard.Count;
            _context.Observer.Progress(new WorkProgress(
                $"{_folder.Name}: draw", done, total, "images", (done - before) / clock.Elapsed.TotalSeconds, ""));
        }

        return shards.Load("pseudo-images", _context.Data.Train.ClassNames);
    }

    /// <summary>The first images of every class, a row each.</summary>
    private void SaveGrid(ImageDataset images)
    {
        var columns = Math.Min(GridColumns, _context.Options.Generate.PerClass);
        var shown = Enumerable.Range(0, images.Classes)
            .SelectMany(label => Enumerable.Range(label * _context.Options.Generate.PerClass, columns))
            .ToArray();
        SampleGrid.Save(
            _folder.SamplesPath,
            images.Select(shown).Pixels,
            images.Channels,
            images.ImageSize,
            columns,
            Math.Max(1, GridPixels / images.ImageSize));
    }

    private FrechetResult MeasureFrechet(ImageDataset images, CancellationToken stop)
    {
        using var classifier = _classifier.LoadClassifier();
        return FeatureDistance.Between(
            classifier, _context.Data.Train, images, "class token of the stage-1 classifier", stop);
    }
}
