using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Sums over the threads of a block, in a fixed order: lanes, then warps. Every thread calls, and every thread gets the
/// result. Shared memory: 32 values per call in the source. Blocks are whole warps.
/// </summary>
public static class BlockReduce
{
    /// <summary>Sum of the threads' values.</summary>
    public static float Sum(float value) => Reduce<float, FloatSum>(value);

    /// <summary>Sum of the threads' integers.</summary>
    public static int Sum(int value) => Reduce<int, Int32Sum>(value);

    /// <summary>Sum of the threads' compensated sums.</summary>
    public static CompensatedSum Sum(CompensatedSum value) => Reduce<CompensatedSum, CompensatedSums>(value);

    private static T Reduce<T, TReduction>(T value)
        where T : unmanaged
        where TReduction : struct, IReduction<T>
    {
        var warps = SharedMemory.Allocate<T>(WarpReduce.Lanes);
        value = WarpReduce.Reduce<T, TReduction>(value);
        if (WarpReduce.Lane == 0)
        {
            warps[WarpReduce.Warp] = value;
        }

        Group.Barrier();
        var isOfWarp = WarpReduce.Lane < Group.DimX / WarpReduce.Lanes;
        var total = WarpReduce.Reduce<T, TReduction>(isOfWarp ? warps[WarpReduce.Lane] : default);

        // The next call may write as soon as all have read.
        Group.Barrier();
        return total;
    }
}
