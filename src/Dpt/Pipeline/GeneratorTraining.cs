using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// Trains the generator of a round with its loop and checkpoints. Along the way its loss is measured on some training images and on as
/// many test images, if there are any, all with the labels of the classifier that labelled, and a picture is taken: nothing in training
/// depends on it.
/// </summary>
internal sealed class GeneratorTraining : IDisposable
{
    private readonly GeneratorImages _images;
    private readonly GeneratorLoss _seen;
    private readonly GeneratorLoss? _unseen;
    private readonly GeneratorFilm _film;
    private readonly TrainLoop _loop;

    /// <summary>Prepares a training.</summary>
    /// <param name="context">The run.</param>
    /// <param name="images">The images; they go with the training.</param>
    /// <param name="folder">Where the stage lies.</param>
    /// <param name="labels">What labels the images.</param>
    /// <param name="before">Weights to go on from; null starts anew.</param>
    /// <param name="origin">What the training is made from.</param>
    /// <param name="seed">Seed of the stage.</param>
    public GeneratorTraining(
        RunContext context, GeneratorImages images, StageFolder folder, LabelStage labels, string? before, StageOrigin origin, ulong seed)
    {
        var options = context.Options.Diffusion;
        _images = images;
        Generator = new ImageGenerator(context.Device, options, images.Space, seed);
        if (before is not null)
        {
            Generator.Store.Import(Generator.Store.Values, StateDict.Load(before));
        }

        var pseudoLabels = labels.LoadPseudoLabels().Labels;
        Trainer = new DiffusionTrainer(Generator, options, images.Train, pseudoLabels, seed);
        using var classifier = labels.LoadClassifier();
        _seen = new GeneratorLoss(Generator, options, images.Train, pseudoLabels);
        _unseen = images.Test is not { } test
            ? null
            : new GeneratorLoss(Generator, options, test, classifier.Label(GeneratorImages.TestOf(context.Data.Test)).Labels);
        _film = new GeneratorFilm(context, folder, Generator, seed);
        _loop = new TrainLoop(
            context, folder.Name, Trainer, new TrainerCheckpoints(folder.CheckpointsPath, context, origin), Evaluate);
    }

    /// <summary>The generator; after <see cref="Run"/> with its averaged weights.</summary>
    public ImageGenerator Generator { get; }

    /// <summary>What trains it.</summary>
    public DiffusionTrainer Trainer { get; }

    /// <summary>Seconds of training so far.</summary>
    public double Seconds => _loop.Seconds;

    /// <summary>The factor on the learning rate since the training diverged and went back; null if it never did.</summary>
    public double? LoweredRate => _loop.LoweredRate;

    /// <summary>What has computed the training, earlier sessions first.</summary>
    public IReadOnlyList<string> Machines => _loop.Machines;

    /// <summary>Trains to the end and adopts the averaged weights.</summary>
    public void Run(CancellationToken stop)
    {
        _loop.Run(stop);
        Trainer.Average.Adopt();
    }

    public void Dispose()
    {
        _seen.Dispose();
        _unseen?.Dispose();
        Trainer.Dispose();
        Generator.Dispose();
        _images.Dispose();
    }

    private IReadOnlyList<(string Name, double Value)> Evaluate()
    {
        using var average = Trainer.Average.Use();
        _film.Take(Trainer.Step);
        (string, double)[] seen = [("seen/loss", _seen.Measure())];
        return _unseen is null ? seen : [.. seen, ("test/loss", _unseen.Measure())];
    }
}
