namespace DPT.Engine.Ptx;

/// <summary>
/// What a thread did wrong. The block adds where: kernel, block, thread, line and instruction.
/// </summary>
/// <param name="what">The mistake, as the start of a sentence.</param>
/// <param name="lane">Lane of the warp; null if it is the warp's.</param>
internal sealed class SimFault(string what, int? lane = null) : Exception(what)
{
    public int? Lane { get; } = lane;
}
