using System.Diagnostics;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// Stage 1: a classifier from the labelled few and all unlabelled images, then a pseudo-label for every training
/// image. True labels beyond the split are read for the reported accuracies only.
/// </summary>
internal sealed class ClassifierStage
{
    private readonly RunContext _context;
    private readonly StageFolder _folder;
    private readonly string _key;

    public ClassifierStage(RunContext context)
    {
        _context = context;
        _folder = context.Folder.Classifier;
        _key = StageRunner.KeyOf(context.Options.Classifier, context.Options.Stage1, context.Options.Seed, Inputs);
    }

    /// <summary>The averaged weights of the finished classifier.</summary>
    public string WeightsPath => Path.Combine(_folder.FolderPath, "classifier.safetensors");

    private Dictionary<string, string> Inputs => new()
    {
        ["train"] = _context.Data.Train.Hash,
        ["test"] = _context.Data.Test.Hash,
        ["labels"] = _context.Split.Hash,
    };

    /// <summary>Trains only; labelling continues from the last checkpoint. Returns top-1 on the test set.</summary>
    public double Train(CancellationToken stop)
    {
        using var training = StartTraining();
        training.Run(stop);
        return training.Classifier.Evaluate(_context.Data.Test).Accuracy;
    }

    /// <summary>Trains and labels, or reads the finished result.</summary>
    public Stage1Result Run(CancellationToken stop) =>
        StageRunner.Run(_context, _folder, _key, Inputs, () => Work(stop));

    /// <summary>The pseudo-labels of the finished stage.</summary>
    public PseudoLabels LoadPseudoLabels() => PseudoLabelFile.Load(_folder.PseudoLabelsPath, _context.Data.Train);

    /// <summary>The classifier of the finished stage.</summary>
    public Classifier LoadClassifier()
    {
        var classifier = new Classifier(
            _context.Device, _context.Options.Classifier, _context.Data.Train, _context.Normalisation, seed: 0);
        classifier.Store.Import(classifier.Store.Values, StateDict.Load(WeightsPath));
        return classifier;
    }

    private ClassifierTraining StartTraining() => new(
        _context,
        _folder.Name,
        _context.Options.Stage1,
        _context.Data.Train.Select(_context.Split.Indices),
        _folder.CheckpointsPath,
        _key,
        _context.StageSeed(1));

    private (Stage1Result, string[]) Work(CancellationToken stop)
    {
        using var training = StartTraining();
        training.Run(stop);
        var clock = Stopwatch.StartNew();
        var classifier = training.Classifier;
        StateDict.Save(WeightsPath, classifier.Store.Export(classifier.Store.Values));
        var test = classifier.Evaluate(_context.Data.Test, stop);
        var labels = classifier.Label(_context.Data.Train, stop);
        PseudoLabelFile.Save(_folder.PseudoLabelsPath, _context.Data.Train, labels);
        var correct = labels.Labels.Zip(_context.Data.Train.Labels).Count(pair => pair.First == pair.Second);
        var accuracy = (double)correct / labels.Labels.Length;
        ReportHistogram(labels);
        _context.Observer.Message(FormattableString.Invariant(
            $"{_folder.Name}: top-1 {test.Accuracy:p1}, pseudo-labels {accuracy:p1} right"));
        var seconds = training.Seconds + clock.Elapsed.TotalSeconds;
        return (new Stage1Result(test.Accuracy, accuracy, seconds), [WeightsPath, _folder.PseudoLabelsPath]);
    }

    /// <summary>A class without pseudo-labels cannot be drawn later: say so early.</summary>
    private void ReportHistogram(PseudoLabels labels)
    {
        var histogram = new PredictionHistogram(_context.Data.Train.Classes);
        foreach (var (label, probability) in labels.Labels.Zip(labels.Probabilities))
        {
            histogram.Add(label, probability);
        }

        _context.Observer.Message(
            $"{_folder.Name}: pseudo-labels per class: {string.Join(" ", histogram.ClassCounts)}");
    }
}
