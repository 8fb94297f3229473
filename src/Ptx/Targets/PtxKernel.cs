namespace DPT.Engine.Ptx;

/// <summary>What the host knows of a kernel beside its text.</summary>
/// <param name="Name">What messages and the entry of the text call it.</param>
/// <param name="Threads">Threads of a block, 1 to 1024.</param>
/// <param name="BlocksPerMultiprocessor">Blocks that shall fit on a multiprocessor at once; 0 if it does not matter.</param>
/// <param name="DynamicSharedBytes">Shared memory of a block in bytes beyond what the text declares.</param>
public sealed record PtxKernel(string Name, int Threads, int BlocksPerMultiprocessor = 0, int DynamicSharedBytes = 0)
{
    /// <summary>
    /// Whether it copies boxes of tensors: then parameters of 128 bytes are tensor maps, and dynamic shared memory starts where every
    /// swizzle does.
    /// </summary>
    public bool HasTensorMaps { get; init; }
}
