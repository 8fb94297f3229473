using System.Runtime.InteropServices;

namespace DPT.Engine.Cli;

/// <summary>The first Ctrl-C, SIGTERM or SIGHUP (a closed terminal) asks the work to save and stop; the second ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly TextWriter _messages;
    private readonly Action<int> _exit;
    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Listens from now on.</summary>
    /// <param name="messages">Standard error.</param>
    /// <param name="exit">Ends the process; tests put their own.</param>
    public StopSignals(TextWriter messages, Action<int>? exit = null)
    {
        _messages = messages;
        _exit = exit ?? Environment.Exit;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle),
        ];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    /// <summary>What a signal does.</summary>
    internal void Receive()
    {
        if (_source.IsCancellationRequested)
        {
            _exit(ExitCodes.Interrupted);
            return;
        }

        _messages.WriteLine("stopping as soon as the work is safe (again to stop at once)");
        _source.Cancel();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        Receive();
    }
}
