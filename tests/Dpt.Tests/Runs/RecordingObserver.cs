namespace DPT.Engine.Dpt.Tests;

/// <summary>Remembers messages.</summary>
internal sealed class RecordingObserver : IRunObserver
{
    public List<string> Messages { get; } = [];

    public void Message(string text) => Messages.Add(text);

    public void Progress(in WorkProgress progress)
    {
    }
}
