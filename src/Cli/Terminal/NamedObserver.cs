using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Passes everything on under a name: which of several runs it is.</summary>
internal sealed class NamedObserver(string name, IRunObserver next) : IRunObserver
{
    /// <inheritdoc/>
    public void Message(string text) => next.Message($"{name}: {text}");

    /// <inheritdoc/>
    public void Progress(in WorkProgress progress) => next.Progress(progress with { Work = $"{name}: {progress.Work}" });
}
