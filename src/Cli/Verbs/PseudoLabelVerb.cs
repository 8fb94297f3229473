namespace DPT.Engine.Cli;

/// <summary>Stage 1, pseudo-labels.</summary>
internal sealed class PseudoLabelVerb() : StageVerb(DptStage.PseudoLabel)
{
    public override string Name => "pseudo-label";

    public override string Purpose => "stage 1: label every training image with the classifier";

    public override IReadOnlyList<string> Examples =>
        ["pseudo-label --resume runs/00001-digits", "pseudo-label --resume runs/00001-digits --json"];
}
