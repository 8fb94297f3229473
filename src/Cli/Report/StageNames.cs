namespace DPT.Engine.Cli;

/// <summary>What stages and trainings are called in reports; in files they have the names of their folders.</summary>
internal static class StageNames
{
    private static readonly Dictionary<string, string> _names = new()
    {
        ["stage-1-classifier"] = "Stage 1: few labels",
        ["stage-2-diffusion"] = "Stage 2: generator",
        ["stage-3-classifier"] = "Stage 3: with pseudo-images",
        ["stage-3-classifier-control"] = "Control: without pseudo-images",
        ["stage-3-classifier-self-training"] = "Second control: real images with pseudo-labels",
    };

    /// <summary>The name of a training in the metrics; later rounds are named.</summary>
    public static string Of(string stage) => _names.GetValueOrDefault(Own(stage), Own(stage)) + RoundOf(stage);

    /// <summary>Which round, as it follows a name; nothing in the first.</summary>
    public static string RoundOf(string stage) => stage.Split('/') is [var round, _] ? $", {round.Replace('-', ' ')}" : "";

    /// <summary>
    /// Where a training stands among others, so that it has its colour in all plots: stage 3, its control, stage 1, the second control.
    /// </summary>
    public static int Rank(string stage) => Own(stage) switch
    {
        "stage-3-classifier" => 0,
        "stage-3-classifier-control" => 1,
        "stage-1-classifier" => 2,
        "stage-3-classifier-self-training" => 3,
        _ => 4,
    };

    private static string Own(string stage) => stage.Split('/')[^1];
}
