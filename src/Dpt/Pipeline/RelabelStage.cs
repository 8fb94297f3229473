namespace DPT.Engine.Dpt;

/// <summary>The first stage of a later round: the classifier that the round before it ended with labels all training images anew.</summary>
internal sealed class RelabelStage(RunContext context, int round) : LabelStage(
    context, context.Folder.Round(round).Labels, context.GivenToClassify(["classifier"], "train", "test"))
{
    public override string ClassifierName => $"the classifier of round {round - 1}";

    protected override IReadOnlyDictionary<string, string> Made => new Dictionary<string, string>
    {
        ["classifier"] = FileHash.Of(ClassifierPath),
    };

    protected override string ClassifierPath => Context.Folder.Round(round - 1).Retrain.ClassifierPath;

    protected override StageWork<Stage1Result> Work(CancellationToken stop)
    {
        using var classifier = LoadClassifier();
        var result = Label(classifier, secondsBefore: 0, stop);
        return new StageWork<Stage1Result>(result, [Folder.PseudoLabelsPath], [Context.Machine]);
    }
}
