namespace DPT.Engine.Cli;

/// <summary>Classification metrics.</summary>
internal sealed class EvaluateVerb() : StageVerb(DptStage.Evaluate)
{
    public override string Name => "evaluate";

    public override string Purpose => "accuracy, precision and recall of a run's classifiers on the test set";

    public override IReadOnlyList<string> Examples =>
        ["evaluate --resume runs/00001-digits", "evaluate --resume runs/00001-digits --json"];
}
