namespace DPT.Engine.Kernels;

/// <summary>
/// What a device was asked for since it was opened: numbers between it and the host, each of which costs a GPU a wait or a
/// staging copy, and what it did by itself. Work that a GPU replays as a graph counts once, when it is recorded.
/// </summary>
public sealed class DeviceTraffic
{
    /// <summary>Copies from managed memory.</summary>
    public long CopiesIn { get; internal set; }

    /// <summary>Copies to managed memory, which wait for all earlier work.</summary>
    public long CopiesOut { get; internal set; }

    /// <summary>Operator calls, copies and clears on the device itself.</summary>
    public long Launches { get; internal set; }
}
