using System.Diagnostics;

namespace DPT.Engine.Dpt;

/// <summary>
/// The first stage of a round: a classifier, and its pseudo-label for every training image. True labels beyond the split are read for
/// the reported accuracies only, where they are known.
/// </summary>
internal abstract class LabelStage
{
    protected LabelStage(RunContext context, StageFolder folder, IReadOnlyDictionary<string, string> given)
    {
        (Context, Folder) = (context, folder);
        Runner = new StageRunner(context, folder, given, given);
    }

    /// <summary>Where its results are.</summary>
    public StageFolder Folder { get; }

    /// <summary>What decides whether the stage has to run.</summary>
    public StageRunner Runner { get; }

    /// <summary>The classifier that labels, in words.</summary>
    public abstract string ClassifierName { get; }

    protected RunContext Context { get; }

    /// <summary>What earlier stages made for this one.</summary>
    protected abstract IReadOnlyDictionary<string, string> Made { get; }

    /// <summary>Where the weights of the classifier that labels are.</summary>
    protected abstract string ClassifierPath { get; }

    /// <summary>Labels, or reads the finished result.</summary>
    public Stage1Result Run(CancellationToken stop) => Runner.Run(Made, () => Work(stop));

    /// <summary>The result of the finished stage, untouched.</summary>
    /// <exception cref="DptException">It is not finished, or not as it should be.</exception>
    public Stage1Result Read() => Runner.Read<Stage1Result>(Made);

    /// <summary>The manifest and the result, if the stage is finished and of one piece with those before it; else null.</summary>
    public (StageManifest Manifest, Stage1Result Result)? Find() => Runner.Find<Stage1Result>(Made);

    /// <summary>The pseudo-labels of the finished stage.</summary>
    public PseudoLabels LoadPseudoLabels() => PseudoLabelFile.Load(Folder.PseudoLabelsPath, Context.Data.Train);

    /// <summary>The classifier of the finished stage.</summary>
    public IImageClassifier LoadClassifier() => Context.LoadClassifier(ClassifierPath);

    /// <summary>What its features are, in words.</summary>
    public string FeaturesName => Context.Options.Probe.IsUsed ? Context.Frozen.Name : $"features of {ClassifierName}";

    protected abstract StageWork<Stage1Result> Work(CancellationToken stop);

    /// <summary>Writes the pseudo-label of every training image and measures.</summary>
    /// <param name="classifier">Who labels.</param>
    /// <param name="secondsBefore">What the stage has taken so far.</param>
    /// <param name="stop">Stops between batches.</param>
    protected Stage1Result Label(IImageClassifier classifier, double secondsBefore, CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        var (train, test) = (Context.Data.Train, classifier.Evaluate(Context.Data.Test, stop));
        var labels = classifier.Label(train, stop);
        PseudoLabelFile.Save(Folder.PseudoLabelsPath, train, labels);
        var judged = Judged();
        bool[] isRight = Array.ConvertAll(judged, i => labels.Labels[i] == train.Labels[i]);
        double? accuracy = judged.Length == 0 ? null : (double)isRight.Count(right => right) / judged.Length;
        var calibration = judged.Length == 0 ? null : Calibration.Of(Array.ConvertAll(judged, i => labels.Probabilities[i]), isRight);
        var counts = ClassBalance.Count(labels.Labels, train.Classes);
        Context.Observer.Message($"{Folder.Name}: pseudo-labels per class: {string.Join(" ", counts)}");
        Context.Observer.Message(
            $"{Folder.Name}: top-1 {Measured.Percent(test.Accuracy)}, pseudo-labels right {Measured.Percent(accuracy)}");
        return new Stage1Result(test.Accuracy, accuracy, calibration, secondsBefore + clock.Elapsed.TotalSeconds);
    }

    /// <summary>
    /// The training images whose class is known; none if that is only known of those that the classifier was told: they prove nothing.
    /// </summary>
    private int[] Judged()
    {
        var train = Context.Data.Train;
        int[] known = [.. Enumerable.Range(0, train.Count).Where(i => train.Labels[i] != ImageDataset.NoLabel)];
        return train.HasUnlabelled && known.Length == Context.Split.Count ? [] : known;
    }
}
