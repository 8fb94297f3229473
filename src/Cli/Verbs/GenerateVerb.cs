namespace DPT.Engine.Cli;

/// <summary>Stage 2, sampling.</summary>
internal sealed class GenerateVerb() : StageVerb(DptStage.Generate)
{
    public override string Name => "generate";

    public override string Purpose => "stage 2: draw the pseudo-images, the same number for every class";

    public override IReadOnlyList<string> Examples =>
        ["generate --resume runs/00001-digits", "generate --resume runs/00001-digits --set generate.perClass=256 --overwrite"];
}
