using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>
/// Adds to progress the time that the whole run has left: what the plan says of the work to come, at the pace so far.
/// </summary>
/// <param name="next">Shows it.</param>
/// <param name="plan">The plan of the run.</param>
/// <param name="clock">The time.</param>
internal sealed class WholeRunProgress(IRunObserver next, RunPlan plan, TimeProvider clock) : IRunObserver
{
    private readonly long _start = clock.GetTimestamp();

    /// <summary>Curves are drawn on the way: the pace knows them already.</summary>
    private readonly double _total = plan.Stages.Where(stage => stage.Work != StageEstimate.Curves).Sum(stage => stage.Seconds);

    /// <inheritdoc/>
    public void Message(string text) => next.Message(text);

    /// <inheritdoc/>
    public void Progress(in WorkProgress progress)
    {
        var work = progress.Work;
        var before = plan.Stages.TakeWhile(stage => stage.Work != work).Sum(stage => stage.Seconds);
        if (plan.Stages.FirstOrDefault(stage => stage.Work == work) is not { } now || progress.Done == 0)
        {
            next.Progress(in progress);
            return;
        }

        var done = before + (now.Seconds * progress.Done / progress.Total);
        var left = (_total - done) * clock.GetElapsedTime(_start).TotalSeconds / done;
        var detail = $"run: {ProgressText.Duration(left)} left";
        next.Progress(progress with { Detail = progress.Detail.Length > 0 ? $"{progress.Detail}  {detail}" : detail });
    }
}
