namespace DPT.Engine.Cli;

/// <summary>
/// How good samples are. The verb has the name that people look for; the output names the features, which are not Inception's.
/// </summary>
internal sealed class FidVerb() : StageVerb(DptStage.FrechetDistance)
{
    public override string Name => "fid";

    public override string Purpose => "a run's pseudo-images beside its training images: Frechet and kernel distance, precision, recall, density, coverage, in named features";

    public override IReadOnlyList<string> Examples =>
        ["fid --resume runs/00001-digits", "fid --resume runs/00001-digits --json"];
}
