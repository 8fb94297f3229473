using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Progress where nothing can be redrawn: a plain line every few seconds, and the last one of each work.</summary>
internal sealed class ProgressLines : IRunObserver
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly TextWriter _output;
    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();
    private string _work = "";
    private long _lastShown;

    /// <summary>Creates the observer.</summary>
    public ProgressLines(TextWriter output, TimeProvider clock)
    {
        _output = output;
        _clock = clock;
    }

    /// <inheritdoc/>
    public void Message(string text)
    {
        lock (_lock)
        {
            _output.WriteLine(text);
        }
    }

    /// <inheritdoc/>
    public void Progress(in WorkProgress progress)
    {
        lock (_lock)
        {
            var now = _clock.GetTimestamp();
            var isNew = progress.Work != _work;
            var isLast = progress.Done >= progress.Total;
            if (isNew || isLast || _clock.GetElapsedTime(_lastShown, now) >= Interval)
            {
                (_work, _lastShown) = (progress.Work, now);
                _output.WriteLine(ProgressText.Line(in progress));
            }
        }
    }
}
