using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Passes everything on, and keeps the messages with their times in the run folder's <c>log.txt</c>.</summary>
internal sealed class RunLog : IRunObserver, IDisposable
{
    private readonly IRunObserver _next;
    private readonly StreamWriter _file;

    /// <summary>Opens the log to append.</summary>
    public RunLog(string file, IRunObserver next)
    {
        _next = next;
        _file = new StreamWriter(file, append: true) { AutoFlush = true };
    }

    /// <inheritdoc/>
    public void Message(string text)
    {
        lock (_file)
        {
            _file.WriteLine($"{DateTime.UtcNow.ToString("s", CultureInfo.InvariantCulture)}Z {text}");
        }

        _next.Message(text);
    }

    /// <inheritdoc/>
    public void Progress(in WorkProgress progress) => _next.Progress(in progress);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
