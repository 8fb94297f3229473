namespace DPT.Engine.Ptx;

/// <summary>What a block needs of the machine that runs it: launches that agree in this can share one.</summary>
/// <param name="Program">The instructions.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="DynamicSharedBytes">Shared memory beyond what the program declares.</param>
internal sealed record BlockShape(MachineProgram Program, int Threads, int DynamicSharedBytes)
{
    /// <summary>Warps of a block; the last one may not be full.</summary>
    public int Warps => (Threads + Lanes.Count - 1) / Lanes.Count;

    /// <summary>Shared memory, static and dynamic.</summary>
    public int SharedBytes => Program.SharedBytes + DynamicSharedBytes;
}
