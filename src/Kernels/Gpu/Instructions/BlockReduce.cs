using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Sums over the threads of a block, in a fixed order: lanes, then warps. Every thread calls, and every thread gets the
/// result. 128 bytes of shared memory per call in the source. Blocks are whole warps.
/// </summary>
public static class BlockReduce
{
    /// <summary>Sum of the threads' values.</summary>
    public static float Sum(float value)
    {
        var sums = SharedMemory.Allocate<float>(WarpReduce.Lanes);
        value = WarpReduce.Sum(value);
        if (WarpReduce.Lane == 0)
        {
            sums[WarpReduce.Warp] = value;
        }

        Group.Barrier();
        var total = WarpReduce.Sum(IsOfWarp ? sums[WarpReduce.Lane] : 0);

        // The next call may write as soon as all have read.
        Group.Barrier();
        return total;
    }

    /// <summary>Sum of the threads' integers.</summary>
    public static int Sum(int value)
    {
        var sums = SharedMemory.Allocate<int>(WarpReduce.Lanes);
        value = WarpReduce.Sum(value);
        if (WarpReduce.Lane == 0)
        {
            sums[WarpReduce.Warp] = value;
        }

        Group.Barrier();
        var total = WarpReduce.Sum(IsOfWarp ? sums[WarpReduce.Lane] : 0);
        Group.Barrier();
        return total;
    }

    /// <summary>Sum of the threads' compensated sums.</summary>
    public static CompensatedSum Sum(CompensatedSum value)
    {
        var sums = SharedMemory.Allocate<float>(WarpReduce.Lanes);
        var rests = SharedMemory.Allocate<float>(WarpReduce.Lanes);
        value = WarpReduce.Sum(value);
        if (WarpReduce.Lane == 0)
        {
            sums[WarpReduce.Warp] = value.Sum;
            rests[WarpReduce.Warp] = value.Rest;
        }

        Group.Barrier();
        var total = WarpReduce.Sum(new CompensatedSum
        {
            Sum = IsOfWarp ? sums[WarpReduce.Lane] : 0,
            Rest = IsOfWarp ? rests[WarpReduce.Lane] : 0,
        });
        Group.Barrier();
        return total;
    }

    /// <summary>Whether there is a warp for this lane to stand for.</summary>
    private static bool IsOfWarp => WarpReduce.Lane < Group.DimX / WarpReduce.Lanes;
}
