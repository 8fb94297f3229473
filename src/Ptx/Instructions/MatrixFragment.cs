namespace DPT.Engine.Ptx;

/// <summary>
/// 16 x 8 sums in four registers: lane 4g+t holds row g (the first two) and row g+8 (the others), columns 2t and 2t+1.
/// </summary>
internal static unsafe class MatrixFragment
{
    private const int Columns = FusedSum.Columns;

    /// <summary>Registers to a matrix by rows.</summary>
    public static void Read(SimWarp warp, float* matrix, ReadOnlySpan<int> registers)
    {
        for (var r = 0; r < registers.Length; r++)
        {
            var register = warp.At<float>(registers[r]);
            for (var lane = 0; lane < Lanes.Count; lane++)
            {
                matrix[At(r, lane)] = register[lane];
            }
        }
    }

    /// <summary>A matrix by rows to registers.</summary>
    public static void Write(SimWarp warp, float* matrix, ReadOnlySpan<int> registers)
    {
        for (var r = 0; r < registers.Length; r++)
        {
            var register = warp.At<float>(registers[r]);
            for (var lane = 0; lane < Lanes.Count; lane++)
            {
                register[lane] = matrix[At(r, lane)];
            }
        }
    }

    private static int At(int register, int lane) =>
        (((lane / 4) + (8 * (register / 2))) * Columns) + (lane % 4 * 2) + (register % 2);
}
