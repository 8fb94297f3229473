using ILGPU.IR.Intrinsics;

namespace DPT.Engine.Kernels;

/// <summary>
/// Barriers of some warps of a block (<c>bar.sync</c>, <c>bar.arrive</c> with a number, 1 to 15; 0 is that of the whole block). A phase ends
/// when as many threads have come as everyone names; then the next begins. All lanes of a warp come together.
/// </summary>
public static class NamedBarrier
{
    /// <summary>Comes, and waits for the others: what they did before is seen from now on.</summary>
    /// <param name="number">Of the barrier.</param>
    /// <param name="threads">Threads of a phase, a multiple of 32.</param>
    [IntrinsicImplementation, PtxAsm("bar.sync $0, $1;")]
    public static void Meet(int number, int threads) => throw OfABlock();

    /// <summary>Comes and goes on: who meets there sees what this thread did before.</summary>
    /// <param name="number">Of the barrier.</param>
    /// <param name="threads">Threads of a phase, a multiple of 32.</param>
    [IntrinsicImplementation, PtxAsm("bar.arrive $0, $1;")]
    public static void Arrive(int number, int threads) => throw OfABlock();

    private static NotSupportedException OfABlock() => new("a barrier of many threads has no meaning for one");
}
