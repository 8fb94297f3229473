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
    private readonly string _key;

    /// <summary>The stage after a finished stage 2.</summary>
    public RetrainStage(RunContext context, DiffusionStage diffusion)
    {
        _context = context;
        _diffusion = diffusion;
        _folder = context.Folder.Retrain;
        _key = StageRunner.KeyOf(context.Options.Classifier, context.Options.Stage3, context.Options.Seed, Inputs);
    }

    private string WeightsPath => Path.Combine(_folder.FolderPath, "classifier.safetensors");

    private string ConfusionPath => Path.Combine(_folder.FolderPath, "confusion.json");

    private Dictionary<string, string> Inputs => new()
    {
        ["train"] = _context.Data.Train.Hash,
        ["test"] = _context.Data.Test.Hash,
        ["labels"] = _context.Split.Hash,
        ["generator"] = FileHash.Of(_diffusion.WeightsPath),
        ["pseudoImages"] = _diffusion.LoadImages().Hash,
    };

    /// <summary>Trains both classifiers, or reads the finished result.</summary>
    public Stage3Result Run(CancellationToken stop) =>
        StageRunner.Run(_context, _folder, _key, Inputs, () => Work(stop));

    /// <summary>The finished stage's predictions on the test set.</summary>
    public ConfusionMatrix LoadConfusion() => new(JsonFiles.Load<long[][]>(ConfusionPath));

    private (Stage3Result, string[]) Work(CancellationToken stop)
    {
        var real = _context.Data.Train.Select(_context.Split.Indices);
        var (matrix, seconds) = Train(
            _folder.Name, real.Append(_diffusion.LoadImages()), _folder.CheckpointsPath, WeightsPath, stop);
        JsonFiles.Save(ConfusionPath, matrix.Rows);
        var (control, controlSeconds) = Train(
            $"{_folder.Name}-control", real, _folder.ControlCheckpointsPath, weightsPath: null, stop);
        _context.Observer.Message(FormattableString.Invariant(
            $"{_folder.Name}: top-1 {matrix.Accuracy:p1}, control {control.Accuracy:p1}"));
        var result = new Stage3Result(
            matrix.Accuracy, control.Accuracy, _context.Options.Generate.PerClass, seconds + controlSeconds);
        return (result, [WeightsPath, ConfusionPath]);
    }

    private (ConfusionMatrix Matrix, double Seconds) Train(
        string name, ImageDataset labelled, string checkpoints, string? weightsPath, CancellationToken stop)
    {
        using var training = new ClassifierTraining(
            _context, name, _context.Options.Stage3, labelled, checkpoints, _key, _context.StageSeed(3));
        training.Run(stop);
        var clock = Stopwatch.StartNew();
        if (weightsPath is not null)
        {
            StateDict.Save(weightsPath, training.Classifier.Store.Export(training.Classifier.Store.Values));
        }

        var matrix = training.Classifier.Evaluate(_context.Data.Test, stop);
        return (matrix, training.Seconds + clock.Elapsed.TotalSeconds);
    }
}
