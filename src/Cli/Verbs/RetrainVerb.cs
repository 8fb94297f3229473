namespace DPT.Engine.Cli;

/// <summary>Stage 3.</summary>
internal sealed class RetrainVerb() : StageVerb(DptStage.Retrain)
{
    public override string Name => "retrain";

    public override string Purpose => "stage 3: train again with pseudo-images, and the control without them";

    public override IReadOnlyList<string> Examples =>
        ["retrain --resume runs/00001-digits", "retrain --resume runs/00001-digits --set stage3.steps=2000 --overwrite"];
}
