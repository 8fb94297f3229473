using System.Diagnostics;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// Stage 3: the classifier retrained from scratch on the labelled few plus the pseudo-images (spec 6.2), and the control,
/// the same training with the same budget and seed on the labelled few alone. Without it an improvement proves nothing.
/// </summary>
internal sealed class RetrainStage
{
    private readonly RunContext _context;
    private readonly DiffusionStage _diffusion;
    private readonly StageFolder _folder;

    public RetrainStage(RunContext context, DiffusionStage diffusion)
    {
        _context = context;
        _diffusion = diffusion;
        _folder = context.Folder.Retrain;
        var given = context.Given(["seed", "classifier", "stage3"], "train", "test", "labels");
        Runner = new StageRunner(context, _folder, given, given);
    }

    /// <summary>What decides whether the stage has to run.</summary>
    public StageRunner Runner { get; }

    /// <summary>Trains both classifiers, or reads the finished result.</summary>
    public Stage3Result Run(CancellationToken stop)
    {
        var pseudoImages = _diffusion.LoadImages();
        var made = Made(pseudoImages);
        return Runner.Run(made, () => Work(pseudoImages, made, stop));
    }

    /// <summary>The result of the finished stage, untouched.</summary>
    /// <exception cref="DptException">It is not finished, or not as it should be.</exception>
    public Stage3Result Read() => Runner.Read<Stage3Result>(Made(_diffusion.LoadImages()));

    /// <summary>The manifest and the result, if the stage is finished and of one piece with those before it; else null.</summary>
    public (StageManifest Manifest, Stage3Result Result)? Find() => Runner.Find<Stage3Result>(Made(_diffusion.LoadImages()));

    /// <summary>The finished stage's predictions on the test set.</summary>
    public ConfusionMatrix LoadConfusion() => new(JsonFiles.Load<long[][]>(_folder.ConfusionPath));

    /// <summary>What stage 2, finished, made for this one.</summary>
    private Dictionary<string, string> Made(ImageDataset pseudoImages) => new()
    {
        ["generator"] = FileHash.Of(_context.Folder.Diffusion.GeneratorPath),
        ["pseudo-images"] = pseudoImages.Hash,
    };

    private StageWork<Stage3Result> Work(ImageDataset pseudoImages, Dictionary<string, string> made, CancellationToken stop)
    {
        var real = _context.Data.Train.Select(_context.Split.Indices);
        var origin = Runner.TrainingOrigin(made);
        var drawn = Train(
            _folder.Name, real.Append(pseudoImages), _folder.CheckpointsPath, origin, _folder.ClassifierPath, stop);
        JsonFiles.Save(_folder.ConfusionPath, drawn.Matrix.Rows);
        var control = Train(
            $"{_folder.Name}-control", real, _folder.ControlCheckpointsPath, origin, weightsPath: null, stop);
        _context.Observer.Message(FormattableString.Invariant(
            $"{_folder.Name}: top-1 {drawn.Matrix.Accuracy:p1}, control {control.Matrix.Accuracy:p1}"));
        var result = new Stage3Result(
            drawn.Matrix.Accuracy,
            control.Matrix.Accuracy,
            _context.Options.Generate.PerClass,
            drawn.Seconds + control.Seconds);
        return new StageWork<Stage3Result>(
            result, [_folder.ClassifierPath, _folder.ConfusionPath], [.. drawn.Machines.Union(control.Machines)]);
    }

    private Trained Train(
        string name,
        ImageDataset labelled,
        string checkpoints,
        StageOrigin origin,
        string? weightsPath,
        CancellationToken stop)
    {
        using var training = new ClassifierTraining(
            _context, name, _context.Options.Stage3, labelled, checkpoints, origin, _context.StageSeed(3));
        training.Run(stop);
        var clock = Stopwatch.StartNew();
        if (weightsPath is not null)
        {
            StateDict.Save(weightsPath, training.Classifier.Store.Export(training.Classifier.Store.Values));
        }

        var matrix = training.Classifier.Evaluate(_context.Data.Test, stop);
        return new Trained(matrix, training.Seconds + clock.Elapsed.TotalSeconds, training.Machines);
    }

    /// <summary>One of the two trainings, finished.</summary>
    private sealed record Trained(ConfusionMatrix Matrix, double Seconds, IReadOnlyList<string> Machines);
}
