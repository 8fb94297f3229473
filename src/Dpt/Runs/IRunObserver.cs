namespace DPT.Engine.Dpt;

/// <summary>Where a run tells what it does. The library has no console: the application shows, tests listen.</summary>
public interface IRunObserver
{
    /// <summary>A line for people.</summary>
    void Message(string text);

    /// <summary>How far a piece of long work is.</summary>
    /// <param name="progress">Position, total, rate.</param>
    void Progress(in WorkProgress progress);
}

/// <summary>Progress of one piece of work.</summary>
/// <param name="Work">What is done, e.g. <c>stage 2: train</c>.</param>
/// <param name="Done">Units done.</param>
/// <param name="Total">Units in all.</param>
/// <param name="Unit">Name of a unit: <c>steps</c>, <c>images</c>.</param>
/// <param name="PerSecond">Recent rate in units per second.</param>
/// <param name="Detail">Loss or accuracy in short; may be empty.</param>
public readonly record struct WorkProgress(
    string Work, long Done, long Total, string Unit, double PerSecond, string Detail);

/// <summary>An observer that keeps quiet.</summary>
public sealed class SilentObserver : IRunObserver
{
    /// <inheritdoc/>
    public void Message(string text)
    {
    }

    /// <inheritdoc/>
    public void Progress(in WorkProgress progress)
    {
    }
}
