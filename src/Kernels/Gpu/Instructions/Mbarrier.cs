using System.Runtime.CompilerServices;
using ILGPU.IR.Intrinsics;

namespace DPT.Engine.Kernels;

/// <summary>
/// Barriers in shared memory (<c>mbarrier</c>), 8 bytes each at multiples of 8, by their addresses (<see cref="SharedAddress"/>). A
/// phase ends when as many threads have arrived as the barrier was made for and all bytes that were announced have come; then the
/// next begins. Who waited for a phase sees what all that arrived in it did before, and what the copies brought.
/// </summary>
/// <remarks>
/// Phases are told apart by parity: the first is 0. A wait for parity 1 of a fresh barrier is over at once, so a producer that waits for
/// empty stages starts with 1 and a consumer that waits for full ones with 0; both turn it over when they come round.
/// </remarks>
public static class Mbarrier
{
    /// <summary>Bytes of a barrier.</summary>
    public const int Bytes = 8;

    /// <summary>Makes a barrier for that many arrivals, 1 to 2^20 - 1. Then <see cref="FenceInit"/>, then a barrier of the block.</summary>
    [IntrinsicImplementation, PtxAsm("mbarrier.init.shared::cta.b64 [$0], $1;")]
    public static void Init(int barrier, int arrivals) => throw OfABlock();

    /// <summary>Bulk copies see the barriers that this thread has made.</summary>
    [IntrinsicImplementation, PtxAsm("fence.mbarrier_init.release.cluster;")]
    public static void FenceInit()
    {
    }

    /// <summary>This thread arrives.</summary>
    [IntrinsicImplementation, PtxAsm("mbarrier.arrive.shared::cta.b64 _, [$0];")]
    public static void Arrive(int barrier) => throw OfABlock();

    /// <summary>This thread arrives, and announces bytes that copies will bring in this phase, at most 2^20 - 1 at a time.</summary>
    [IntrinsicImplementation, PtxAsm("mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], $1;")]
    public static void ArriveExpecting(int barrier, int bytes) => throw OfABlock();

    /// <summary>Waits until the phase of that parity (0 or 1) is over: the current one, or the one before it, which is.</summary>
    [IntrinsicImplementation, PtxAsm("{ .reg .pred p; ASK: mbarrier.try_wait.parity.shared::cta.b64 p, [$0], $1; @!p bra ASK; }")]
    public static void Wait(int barrier, int parity) => throw OfABlock();

    /// <summary>From a stage of a ring to the next; where it comes round, the parity to wait for turns over.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="parity">The parity to wait for there.</param>
    /// <param name="stages">Stages of the ring.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Next(ref int stage, ref int parity, int stages)
    {
        stage++;
        if (stage == stages)
        {
            stage = 0;
            parity ^= 1;
        }
    }

    private static NotSupportedException OfABlock() => new("a barrier of many threads has no meaning for one");
}
