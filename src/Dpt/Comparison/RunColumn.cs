namespace DPT.Engine.Dpt;

/// <summary>A number of a run that tables of runs show: a line in <see cref="All"/> is all that a new one takes.</summary>
/// <param name="Name">Its name in JSON, e.g. <c>stage3Top1</c>.</param>
/// <param name="Header">Its name in tables.</param>
/// <param name="IsDifference">
/// Whether it is the difference of two accuracies of one run, in -1..1: then its mean has a confidence interval, paired by
/// run. Else it is an accuracy, in 0..1.
/// </param>
/// <param name="Of">The number in a result; null if the run does not have it.</param>
public sealed record RunColumn(string Name, string Header, bool IsDifference, Func<DptResult, double?> Of)
{
    /// <summary>The columns in their order.</summary>
    public static IReadOnlyList<RunColumn> All { get; } =
    [
        new("stage1Top1", "stage 1 top-1", IsDifference: false, run => run.Stage1.Top1),
        new("pseudoLabelAccuracy", "pseudo-labels", IsDifference: false, run => run.Stage1.PseudoLabelAccuracy),
        new("controlTop1", "control top-1", IsDifference: false, run => run.Stage3.ControlTop1),
        new("selfTrainingTop1", "self-training top-1", IsDifference: false, run => run.Stage3.SelfTrainingTop1),
        new("stage3Top1", "stage 3 top-1", IsDifference: false, run => run.Stage3.Top1),
        new("overControl", "over control", IsDifference: true, run => run.Stage3.Top1 - run.Stage3.ControlTop1),
        new("overSelfTraining", "over self-training", IsDifference: true, run => run.Stage3.Top1 - run.Stage3.SelfTrainingTop1),
        new("overStage1", "over stage 1", IsDifference: true, run => run.Stage3.Top1 - run.Stage1.Top1),
    ];
}
