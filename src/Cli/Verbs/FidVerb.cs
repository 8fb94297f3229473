namespace DPT.Engine.Cli;

/// <summary>
/// Frechet distance. The verb has the name that people look for; the output names the features, which are not
/// Inception's.
/// </summary>
internal sealed class FidVerb() : StageVerb(DptStage.FrechetDistance)
{
    public override string Name => "fid";

    public override string Purpose => "Frechet distance of a run's pseudo-images to its training images, with the features named";

    public override IReadOnlyList<string> Examples =>
        ["fid --resume runs/00001-digits", "fid --resume runs/00001-digits --json"];
}
