namespace DPT.Engine.Dpt;

/// <summary>Where the stages of a round lie: those of the first in the run's own folder, those of others in <c>round-N</c>.</summary>
public sealed class RoundLayout
{
    internal RoundLayout(string run, int number)
    {
        var prefix = number == 1 ? "" : FolderName(number) + "/";
        Labels = new StageFolder(run, prefix + "stage-1-classifier");
        Diffusion = new StageFolder(run, prefix + "stage-2-diffusion");
        Retrain = new StageFolder(run, prefix + "stage-3-classifier");
        Stages = [Labels, Diffusion, Retrain];
    }

    /// <summary>Stage 1: in the first round the classifier from few labels, in all rounds the pseudo-labels.</summary>
    public StageFolder Labels { get; }

    /// <summary>Stage 2: the generator and its pseudo-images.</summary>
    public StageFolder Diffusion { get; }

    /// <summary>Stage 3: the classifier with pseudo-images; in the first round also its control.</summary>
    public StageFolder Retrain { get; }

    /// <summary>The stages in their order: each works on what those before it made.</summary>
    public IReadOnlyList<StageFolder> Stages { get; }

    /// <summary>Name of the folder of a later round.</summary>
    internal static string FolderName(int number) => $"round-{number}";
}
