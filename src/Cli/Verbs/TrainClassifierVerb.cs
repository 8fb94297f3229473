namespace DPT.Engine.Cli;

/// <summary>Stage 1, training.</summary>
internal sealed class TrainClassifierVerb() : StageVerb(DptStage.TrainClassifier)
{
    public override string Name => "train-classifier";

    public override string Purpose => "stage 1: train the classifier from few labels";

    public override IReadOnlyList<string> Examples =>
        ["train-classifier --labels-per-class 2", "train-classifier --out runs/mine --set stage1.steps=600"];

    protected override bool CanStart => true;
}
