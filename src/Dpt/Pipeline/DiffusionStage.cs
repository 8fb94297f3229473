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

    private readonly RunContext _context;
    private readonly LabelStage _labels;
    private readonly int _round;
    private readonly StageFolder _folder;

    /// <summary>The stage of a round.</summary>
    /// <param name="context">The run.</param>
    /// <param name="labels">What labels the images in this round.</param>
    /// <param name="round">Number of the round, from 1.</param>
    public DiffusionStage(RunContext context, LabelStage labels, int round)
    {
        _context = context;
        _labels = labels;
        _round = round;
        _folder = context.Folder.Round(round).Diffusion;
        Runner = new StageRunner(context, _folder, Given(context), GivenToTrain(context));
    }

    /// <summary>What decides whether the stage has to run.</summary>
    public StageRunner Runner { get; }

    /// <summary>What the stages before it, finished, made for this one.</summary>
    private Dictionary<string, string> Made
    {
        get
        {
            var made = new Dictionary<string, string> { ["pseudo-labels"] = FileHash.Of(_labels.Folder.PseudoLabelsPath) };
            if (GeneratorBefore is { } path)
            {
                made["generator of the round before"] = FileHash.Of(path);
            }

            return made;
        }
    }

    /// <summary>The generator that this one goes on from; null in the first round.</summary>
    private string? GeneratorBefore => _round == 1 ? null : _context.Folder.Round(_round - 1).Diffusion.GeneratorPath;

    /// <summary>The seed of the stage; every round draws anew.</summary>
    private ulong Seed => _context.StageSeed((3 * (_round - 1)) + 2);

    /// <summary>Hash of the generator, finished.</summary>
    public string GeneratorHash => FileHash.Of(_folder.GeneratorPath);

    /// <summary>The pseudo-images that the options ask for.</summary>
    /// <param name="options">The options.</param>
    /// <param name="like">The data.</param>
    /// <param name="key">Hash of what decides the images.</param>
    public static ImageShardPlan PlanOf(GenerateOptions options, ImageDataset like, string key) =>
        new(like.Classes, options.PerClass, like.Channels, like.ImageSize, ShardSize, key);

    /// <summary>Name of drawing as work, for progress.</summary>
    public static string DrawingOf(StageFolder folder) => $"{folder.Name}: draw";

    /// <summary>Trains only; drawing continues from the last checkpoint. Returns the number of updates.</summary>
    public int Train(CancellationToken stop)
    {
        var made = Made;
        if (Runner.Finished<Stage2Result>(made) is { } before)
        {
            return before.Steps;
        }

        Runner.Begin(made);
        using var training = StartTraining(made, stop);
        training.Run(stop);
        return training.Trainer.Step;
    }

    /// <summary>Trains and draws, or reads the finished result.</summary>
    public Stage2Result Run(CancellationToken stop)
    {
        var made = Made;
        return Runner.Run(made, () => Work(made, stop));
    }

    /// <summary>The result of the finished stage, untouched.</summary>
    /// <exception cref="DptException">It is not finished, or not as it should be.</exception>
    public Stage2Result Read() => Runner.Read<Stage2Result>(Made);

    /// <summary>The manifest and the result, if the stage is finished and of one piece with those before it; else null.</summary>
    public (StageManifest Manifest, Stage2Result Result)? Find() => Runner.Find<Stage2Result>(Made);

    /// <summary>The pseudo-images of the finished stage, labelled with the class they were drawn for.</summary>
    public ImageDataset LoadImages() =>
        ImageShards.Open(_folder.PseudoImagesPath).Load("pseudo-images", _context.Data.Train.ClassNames);

    private static SortedDictionary<string, string> Given(RunContext context)
    {
        var given = context.GivenToGenerate("seed", "diffusion", "generate");
        if (SolverCatalog.Find(context.Options.Generate.Solver) is PlannedSolver)
        {
            // An image is the same in whatever batch it is drawn; only adaptive solvers choose a step for the batch.
            given.Remove("generate.batch");
        }

        return given;
    }

    /// <summary>
    /// Neither the rate nor anything else of a step depends on how many follow, so a training goes on exactly where a
    /// shorter one ended.
    /// </summary>
    private static SortedDictionary<string, string> GivenToTrain(RunContext context)
    {
        var given = context.GivenToGenerate("seed", "diffusion");
        given.Remove("diffusion.steps");
        return given;
    }

    private GeneratorTraining StartTraining(Dictionary<string, string> made, CancellationToken stop) => new(
        _context, GeneratorImages.Of(_context, stop), _folder, _labels, GeneratorBefore, Runner.TrainingOrigin(made), Seed);

    private StageWork<Stage2Result> Work(Dictionary<string, string> made, CancellationToken stop)
    {
        using var training = StartTraining(made, stop);
        training.Run(stop);
        var (generator, trainer) = (training.Generator, training.Trainer);
        TrainedGenerator.Save(_folder.GeneratorPath, generator, _context.Options.Diffusion, _context.Data.Train, _context.Plan.Autoencoder);
        var (shards, drawing) = Draw(generator, stop);
        var clock = Stopwatch.StartNew();
        var images = shards.Load("pseudo-images", _context.Data.Train.ClassNames);
        var (frechet, agreement) = Measure(images, stop);
        _context.Observer.Message(FormattableString.Invariant(
            $"{_folder.Name}: {images.Count} pseudo-images, Frechet distance {frechet.Value:f2} ({frechet.Features})"));
        var seen = (long)trainer.Step * trainer.ImagesPerStep;
        var result = new Stage2Result(
            generator.Store.Count,
            trainer.Step,
            seen,
            seen / Math.Max(training.Seconds, 1e-9),
            frechet,
            agreement,
            training.Seconds + drawing.Seconds + clock.Elapsed.TotalSeconds,
            training.LoweredRate);
        return new StageWork<Stage2Result>(
            result, [_folder.GeneratorPath, _folder.SamplesPath, _folder.NeighboursPath, .. shards.Files], [.. training.Machines.Union(drawing.Machines)]);
    }

    private (ImageShards Shards, DrawingRecord Spent) Draw(ImageGenerator generator, CancellationToken stop)
    {
        var key = Runner.Origin(new Dictionary<string, string> { ["generator"] = GeneratorHash }).Hash;
        var plan = PlanOf(_context.Options.Generate, _context.Data.Train, key);
        var spent = DrawingRecord.In(_folder, key, _context.Machine);
        var shards = ImageShards.BeginOrResume(_folder.PseudoImagesPath, plan, _context.Observer);
        using var drawer = new PseudoImageDrawer(generator, _context.Options.Generate, Seed);
        var total = (long)plan.Classes * plan.PerClass;
        var missing = shards.Missing;
        var done = total - missing.Sum(shard => (long)shard.Count);
        var (clock, before, secondsBefore) = (Stopwatch.StartNew(), done, spent.Seconds);
        foreach (var shard in missing)
        {
            shards.Write(shard, drawer.DrawAll(shard, stop));
            spent = spent with { Seconds = secondsBefore + clock.Elapsed.TotalSeconds };
            spent.Save(_folder);
            done += shard.Count;
            _context.Observer.Progress(new WorkProgress(
                DrawingOf(_folder), done, total, "images", (done - before) / clock.Elapsed.TotalSeconds, ""));
        }

        return (shards, spent);
    }

    /// <summary>What the classifier that labelled says of the images; and their pictures.</summary>
    private (FrechetResult Frechet, double ClassAgreement) Measure(ImageDataset images, CancellationToken stop)
    {
        using var classifier = _labels.LoadClassifier();
        var train = _context.Data.Train;
        var (real, drawn) = (classifier.Features(train, stop), classifier.Features(images, stop));
        var pictures = new SamplePictures(_folder, images);
        pictures.SaveSamples();
        pictures.SaveNeighbours(drawn, train, real);
        var frechet = FeatureDistance.Between(real, drawn, images.Count, _labels.FeaturesName);
        return (frechet, classifier.Evaluate(images, stop).Accuracy!.Value);
    }
}
