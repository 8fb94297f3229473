using System.Runtime.Intrinsics;

namespace DPT.Engine.Ptx;

/// <summary>
/// 16 x 8 sums in four registers: lane 4g+t holds row g (the first two) and row g+8 (the others), columns 2t and 2t+1. So two registers
/// are eight rows: the elements of the first and of the second one by turns.
/// </summary>
internal static unsafe class MatrixFragment
{
    /// <summary>Registers to a matrix by rows.</summary>
    public static void Read(SimWarp warp, float* matrix, ReadOnlySpan<int> registers)
    {
        for (var r = 0; r < registers.Length; r += 2)
        {
            var to = (ulong*)(matrix + (r * Lanes.Count));
            uint* even = warp.At<uint>(registers[r]), odd = warp.At<uint>(registers[r + 1]);
            for (var lane = 0; lane < Lanes.Count; lane += Vector512<uint>.Count)
            {
                var (first, second) = (Vector512.Widen(Vector512.Load(even + lane)), Vector512.Widen(Vector512.Load(odd + lane)));
                (first.Lower | (second.Lower << 32)).Store(to + lane);
                (first.Upper | (second.Upper << 32)).Store(to + lane + Vector512<ulong>.Count);
            }
        }
    }

    /// <summary>A matrix by rows to registers.</summary>
    public static void Write(SimWarp warp, float* matrix, ReadOnlySpan<int> registers)
    {
        for (var r = 0; r < registers.Length; r += 2)
        {
            var from = (ulong*)(matrix + (r * Lanes.Count));
            uint* even = warp.At<uint>(registers[r]), odd = warp.At<uint>(registers[r + 1]);
            for (var lane = 0; lane < Lanes.Count; lane += Vector512<uint>.Count)
            {
                var (lower, upper) = (Vector512.Load(from + lane), Vector512.Load(from + lane + Vector512<ulong>.Count));
                Vector512.Narrow(lower, upper).Store(even + lane);
                Vector512.Narrow(lower >> 32, upper >> 32).Store(odd + lane);
            }
        }
    }
}
