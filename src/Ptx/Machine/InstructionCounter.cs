namespace DPT.Engine.Ptx;

/// <summary>What one instruction of the text did in a launch.</summary>
internal struct InstructionCounter
{
    /// <summary>Times that a warp ran it.</summary>
    public long Warps;

    /// <summary>Times that a lane ran it.</summary>
    public long Lanes;

    /// <summary>Times that lanes of a warp took different ways.</summary>
    public long Divergences;

    /// <summary>Requests to global memory.</summary>
    public long GlobalRequests;

    /// <summary>Sectors of 32 bytes that they touched.</summary>
    public long Sectors;

    /// <summary>Bytes that lanes read from global memory.</summary>
    public long GlobalBytesRead;

    /// <summary>Bytes that lanes wrote to global memory.</summary>
    public long GlobalBytesWritten;

    /// <summary>Requests to shared memory.</summary>
    public long SharedRequests;

    /// <summary>Passes over the banks beyond the fewest for the width of the access.</summary>
    public long BankConflicts;

    /// <summary>Adds another launch, or another part of the same one.</summary>
    public void Add(in InstructionCounter other)
    {
        Warps += other.Warps;
        Lanes += other.Lanes;
        Divergences += other.Divergences;
        GlobalRequests += other.GlobalRequests;
        Sectors += other.Sectors;
        GlobalBytesRead += other.GlobalBytesRead;
        GlobalBytesWritten += other.GlobalBytesWritten;
        SharedRequests += other.SharedRequests;
        BankConflicts += other.BankConflicts;
    }
}
