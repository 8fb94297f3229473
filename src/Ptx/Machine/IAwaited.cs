namespace DPT.Engine.Ptx;

/// <summary>What a warp can wait for besides a numbered barrier.</summary>
internal interface IAwaited
{
    /// <summary>What is missing, for a message: <c>phase 3 of the mbarrier at 64 …</c>.</summary>
    string Missing { get; }
}
