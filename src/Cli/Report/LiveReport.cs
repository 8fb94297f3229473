using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>
/// Passes everything on, and writes the report of a run anew now and then: rarely enough to cost next to nothing. A report never fails a run.
/// </summary>
/// <param name="run">Where the run lies.</param>
/// <param name="data">Its data.</param>
/// <param name="next">Hears everything, and what keeps a report from being written.</param>
/// <param name="clock">The time.</param>
internal sealed class LiveReport(RunLayout run, DatasetPair data, IRunObserver next, TimeProvider clock) : IRunObserver
{
    private const double LeastSeconds = 20;

    /// <summary>Between two reports passes so many times what one takes: that is 2 %.</summary>
    private const double Patience = 50;

    private long? _written;
    private double _taken;

    /// <inheritdoc/>
    public void Message(string text) => next.Message(text);

    /// <summary>Passes it on. Only a run that works makes progress: then its settings are there, and what was before is no more.</summary>
    public void Progress(in WorkProgress progress)
    {
        next.Progress(in progress);
        if (_written is not { } last || clock.GetElapsedTime(last).TotalSeconds >= Math.Max(LeastSeconds, Patience * _taken))
        {
            Write();
        }
    }

    /// <summary>Writes the report of what there is now. What has not begun leaves no file.</summary>
    public void Write()
    {
        if (!File.Exists(run.ConfigPath))
        {
            return;
        }

        var start = clock.GetTimestamp();
        try
        {
            Report.Write(run, data);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            next.Message($"the report cannot be written: {failure.Message}");
        }

        var end = clock.GetTimestamp();
        (_written, _taken) = (end, clock.GetElapsedTime(start, end).TotalSeconds);
    }
}
