using System.Diagnostics;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// Stage 1: a classifier from the labelled few and all unlabelled images, then a pseudo-label for every training
/// image. True labels beyond the split are read for the reported accuracies only.
/// </summary>
internal sealed class ClassifierStage
{
    private static readonly Dictionary<string, string> _nothingMade = [];

    private readonly RunContext _context;
    private readonly StageFolder _folder;

    public ClassifierStage(RunContext context)
    {
        _context = context;
        _folder = context.Folder.Classifier;
        var given = context.Given(["seed", "classifier", "stage1"], "train", "test", "labels");
        Runner = new StageRunner(context, _folder, given, given);
    }

    /// <summary>What decides whether the stage has to run.</summary>
    public StageRunner Runner { get; }

    /// <summary>Trains only; labelling continues from the last checkpoint. Returns top-1 on the test set.</summary>
    public double Train(CancellationToken stop)
    {
        if (Runner.Finished<Stage1Result>(_nothingMade) is { } before)
        {
            return before.Top1;
        }

        Runner.Begin(_nothingMade);
        using var training = StartTraining();
        training.Run(stop);
        return training.Classifier.Evaluate(_context.Data.Test).Accuracy;
    }

    /// <summary>Trains and labels, or reads the finished result.</summary>
    public Stage1Result Run(CancellationToken stop) => Runner.Run(_nothingMade, () => Work(stop));

    /// <summary>The result of the finished stage, untouched.</summary>
    /// <exception cref="DptException">It is not finished, or not as it should be.</exception>
    public Stage1Result Read() => Runner.Read<Stage1Result>(_nothingMade);

    /// <summary>The manifest and the result, if the stage is finished and of one piece with those before it; else null.</summary>
    public (StageManifest Manifest, Stage1Result Result)? Find() => Runner.Find<Stage1Result>(_nothingMade);

    /// <summary>The pseudo-labels of the finished stage.</summary>
    public PseudoLabels LoadPseudoLabels() => PseudoLabelFile.Load(_folder.PseudoLabelsPath, _context.Data.Train);

    /// <summary>The classifier of the finished stage.</summary>
    public ImageClassifier LoadClassifier()
    {
        var classifier = new ImageClassifier(
            _context.Device, _context.Options.Classifier, _context.Data.Train, _context.Normalisation, seed: 0);
        classifier.Store.Import(classifier.Store.Values, StateDict.Load(_folder.ClassifierPath));
        return classifier;
    }

    private ClassifierTraining StartTraining() => new(
        _context,
        _folder.Name,
        _context.Options.Stage1,
        _context.Data.Train.Select(_context.Split.Indices),
        _folder.CheckpointsPath,
        Runner.TrainingOrigin(_nothingMade),
        _context.StageSeed(1));

    private StageWork<Stage1Result> Work(CancellationToken stop)
    {
        using var training = StartTraining();
        training.Run(stop);
        var clock = Stopwatch.StartNew();
        var classifier = training.Classifier;
        StateDict.Save(_folder.ClassifierPath, classifier.Store.Export(classifier.Store.Values));
        var test = classifier.Evaluate(_context.Data.Test, stop);
        var labels = classifier.Label(_context.Data.Train, stop);
        PseudoLabelFile.Save(_folder.PseudoLabelsPath, _context.Data.Train, labels);
        bool[] isRight = [.. labels.Labels.Zip(_context.Data.Train.Labels, (label, truth) => label == truth)];
        var accuracy = (double)isRight.Count(right => right) / isRight.Length;
        var calibration = Calibration.Of(labels.Probabilities, isRight);
        var counts = ClassBalance.Count(labels.Labels, _context.Data.Train.Classes);
        _context.Observer.Message($"{_folder.Name}: pseudo-labels per class: {string.Join(" ", counts)}");
        _context.Observer.Message(FormattableString.Invariant(
            $"{_folder.Name}: top-1 {test.Accuracy:p1}, pseudo-labels {accuracy:p1} right"));
        var result = new Stage1Result(test.Accuracy, accuracy, calibration, training.Seconds + clock.Elapsed.TotalSeconds);
        return new StageWork<Stage1Result>(result, [_folder.ClassifierPath, _folder.PseudoLabelsPath], training.Machines);
    }
}
