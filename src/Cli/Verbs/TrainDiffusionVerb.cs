namespace DPT.Engine.Cli;

/// <summary>Stage 2, training.</summary>
internal sealed class TrainDiffusionVerb() : StageVerb(DptStage.TrainDiffusion)
{
    public override string Name => "train-diffusion";

    public override string Purpose => "stage 2: train the class-conditional generator on the pseudo-labels";

    public override IReadOnlyList<string> Examples =>
    [
        "train-diffusion --resume runs/00001-digits",
        "train-diffusion --resume runs/00001-digits --set diffusion.steps=3000",
    ];
}
