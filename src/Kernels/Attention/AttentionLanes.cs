using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>Where a head in each lane pays: for short sequences.</summary>
/// <remarks>
/// Small batches leave lanes empty, and it runs nevertheless: tiles would give a sample other bits than it has in a batch
/// that fills them.
/// </remarks>
internal static class AttentionLanes
{
    /// <summary>From about here on, tiles over one head waste little, and read less memory for each multiplication.</summary>
    private const int MaxTokens = 40;

    /// <summary>What a second-level cache holds beside the operands on their way through.</summary>
    private const int MaxScratchBytes = 768 * 1024;

    // Made once: a default that gives way does so in every launch, and launches allocate nothing.
    private static readonly string Long = $"L is beyond {MaxTokens}: a head at a time is as fast";
    private static readonly string Large =
        $"the heads of a vector take more than {MaxScratchBytes >> 10} KiB of scratch memory: too much for the cache";

    /// <summary>Chunks of a call: heads of all sequences, as many at a time as a vector has lanes.</summary>
    public static int Groups<V>(int batch, int heads) where V : struct, ISimd<V> =>
        (checked(batch * heads) + V.Count - 1) / V.Count;

    /// <summary>The limits, at the width of the device.</summary>
    /// <param name="device">The host.</param>
    /// <param name="tokens">Tokens per sequence.</param>
    /// <param name="elements">Elements of one head in scratch memory.</param>
    /// <param name="reason">The limit that stands against the call.</param>
    public static bool Supports(Device device, int tokens, long elements, [NotNullWhen(false)] out string? reason)
    {
        var lanes = (int)((HostDevice)device).Width;
        var scratch = elements * lanes * sizeof(float);
        reason = tokens > MaxTokens ? Long : scratch > MaxScratchBytes ? Large : null;
        return reason is null;
    }
}
