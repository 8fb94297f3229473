namespace DPT.Engine.Dpt;

/// <summary>Trains a network that classifies, with its loop and checkpoints.</summary>
internal sealed class ClassifierTraining : IClassifierTraining
{
    private readonly RunContext _context;
    private readonly ImageClassifier _classifier;
    private readonly SemiSupervisedTrainer _trainer;
    private readonly TrainLoop _loop;

    /// <summary>Prepares a training.</summary>
    /// <param name="context">The run.</param>
    /// <param name="name">Name in metrics and messages.</param>
    /// <param name="options">Budget and rates.</param>
    /// <param name="labelled">Images whose labels may be used.</param>
    /// <param name="checkpoints">Folder of the checkpoints.</param>
    /// <param name="origin">What the training is made from.</param>
    /// <param name="seed">Seed of the stage.</param>
    public ClassifierTraining(
        RunContext context,
        string name,
        SemiSupervisedOptions options,
        LabelledImages labelled,
        string checkpoints,
        StageOrigin origin,
        ulong seed)
    {
        _context = context;
        _classifier = new ImageClassifier(
            context.Device, context.Options.Classifier, context.Data.Train, context.Normalisation, seed);
        _trainer = new SemiSupervisedTrainer(_classifier, options, labelled, context.Data.Train, seed);
        _loop = new TrainLoop(context, name, _trainer, new TrainerCheckpoints(checkpoints, context, origin), Evaluate);
    }

    /// <summary>The classifier; after <see cref="Run"/> with its averaged weights.</summary>
    public IImageClassifier Classifier => _classifier;

    /// <inheritdoc/>
    public int Steps => _trainer.TotalSteps;

    /// <inheritdoc/>
    public double Seconds => _loop.Seconds;

    /// <inheritdoc/>
    public double? LoweredRate => _loop.LoweredRate;

    /// <inheritdoc/>
    public IReadOnlyList<string> Machines => _loop.Machines;

    /// <summary>Trains to the end and adopts the averaged weights.</summary>
    public void Run(CancellationToken stop)
    {
        _loop.Run(stop);
        _trainer.Average.Adopt();
    }

    /// <inheritdoc/>
    public void Save(string path) => TrainedClassifier.Save(path, _classifier, _context.Options.Classifier, _context.Data.Train);

    public void Dispose()
    {
        _trainer.Dispose();
        Classifier.Dispose();
    }

    /// <summary>Curves for people; nothing in training depends on them.</summary>
    private IReadOnlyList<(string Name, double Value)> Evaluate()
    {
        using var average = _trainer.Average.Use();
        return Classifier.Evaluate(_context.Data.Test).Accuracy is { } accuracy ? [("test/top1", accuracy)] : [];
    }
}
