using System.Diagnostics;

namespace DPT.Engine.Dpt;

/// <summary>
/// Stage 1: a classifier from the labelled few and all unlabelled images, then a pseudo-label for every training image.
/// </summary>
internal sealed class ClassifierStage(RunContext context) : LabelStage(
    context,
    context.Folder.Round(1).Labels,
    context.GivenToClassify(["seed", "classifier", "stage1"], "train", "test", "labels"))
{
    private static readonly Dictionary<string, string> _nothing = [];

    public override string ClassifierName => "the stage-1 classifier";

    protected override IReadOnlyDictionary<string, string> Made => _nothing;

    protected override string ClassifierPath => Folder.ClassifierPath;

    /// <summary>Trains only; labelling continues from the last checkpoint. Returns top-1 on the test set, if there is one.</summary>
    public double? Train(CancellationToken stop)
    {
        if (Runner.Finished<Stage1Result>(Made) is { } before)
        {
            return before.Top1;
        }

        Runner.Begin(Made);
        using var training = StartTraining();
        training.Run(stop);
        return training.Classifier.Evaluate(Context.Data.Test).Accuracy;
    }

    protected override StageWork<Stage1Result> Work(CancellationToken stop)
    {
        using var training = StartTraining();
        training.Run(stop);
        var clock = Stopwatch.StartNew();
        var classifier = training.Classifier;
        training.Save(ClassifierPath);
        var result = Label(classifier, training.Seconds + clock.Elapsed.TotalSeconds, stop) with { LoweredRate = training.LoweredRate };
        return new StageWork<Stage1Result>(result, [ClassifierPath, Folder.PseudoLabelsPath], training.Machines);
    }

    private IClassifierTraining StartTraining() => IClassifierTraining.Of(
        Context,
        Folder.Name,
        Context.Options.Stage1,
        LabelledImages.Of(Context.Data.Train.Select(Context.Split.Indices)),
        Folder.CheckpointsPath,
        Runner.TrainingOrigin(Made),
        Context.StageSeed(1));
}
