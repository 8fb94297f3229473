using ILGPU.IR.Intrinsics;

namespace DPT.Engine.Kernels;

/// <summary>
/// Instructions of the tensor cores, and the copies that feed them. Most are done by the 32 lanes of a warp together: all
/// lanes must arrive, and no single lane has a meaning of its own, so these have no body in C#.
/// </summary>
public static class TensorCore
{
    /// <summary>
    /// D = A B + C on 16 x 8 x 16: bf16 factors, fp32 sums. With g = lane/4 and t = lane%4, a lane holds of A rows g (X, Z)
    /// and g + 8 (Y, W) at columns 2t, 2t+1 (X, Y) and 8 more (Z, W); of B column g at rows 2t, 2t+1 (X) and 8 more (Y);
    /// of C and D row g (X, Y) and g + 8 (Z, W) at columns 2t, 2t+1.
    /// </summary>
    [IntrinsicImplementation, PtxAsm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 $d, $0, $1, $2;")]
    public static Float4 MultiplyBf16(UInt4 a, UInt2 b, Float4 c) => throw OfWholeWarp();

    /// <summary>As <see cref="MultiplyBf16(UInt4, UInt2, Float4)"/> on 16 x 8 x 8: the half of each fragment with the first 8 terms.</summary>
    [IntrinsicImplementation, PtxAsm("mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 $d, $0, {$1}, $2;")]
    public static Float4 MultiplyBf16(UInt2 a, uint b, Float4 c) => throw OfWholeWarp();

    /// <summary>
    /// Four matrices of 8 x 8 halves from shared memory: lanes 8i..8i+7 give the addresses of the rows of matrix i, and
    /// every lane receives of each matrix row lane/4, columns 2(lane%4) and one more.
    /// </summary>
    [IntrinsicImplementation, PtxAsm("ldmatrix.sync.aligned.m8n8.x4.shared.b16 $d, [$s0];")]
    public static UInt4 LoadMatrices(ref UInt4 row) => throw OfWholeWarp();

    /// <summary>
    /// As <see cref="LoadMatrices"/>, each matrix transposed: every lane receives column lane/4 at rows 2(lane%4) and one more. So a
    /// factor whose sums run along the rows in memory becomes the same fragment as one that lies the other way.
    /// </summary>
    [IntrinsicImplementation, PtxAsm("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 $d, [$s0];")]
    public static UInt4 LoadMatricesTransposed(ref UInt4 row) => throw OfWholeWarp();

    /// <summary>Starts to copy 16 bytes from global to shared memory, past the registers and the first-level cache.</summary>
    [IntrinsicImplementation, PtxAsm("cp.async.cg.shared.global [$s0], [$1], 16;")]
    public static void CopyAsync(ref UInt4 shared, ref UInt4 global) => shared = global;

    /// <summary>
    /// As <see cref="CopyAsync(ref UInt4, ref UInt4)"/>, with zeros behind the first <paramref name="bytes"/> of the 16, which alone are read: none at 0.
    /// </summary>
    [IntrinsicImplementation, PtxAsm("cp.async.cg.shared.global [$s0], [$1], 16, $2;")]
    public static void CopyAsync(ref UInt4 shared, ref UInt4 global, int bytes) =>
        shared = bytes >= 16 ? global : FirstBytes(global, bytes);

    /// <summary>Makes a group of this thread's copies since the last group; it may be empty.</summary>
    [IntrinsicImplementation, PtxAsm("cp.async.commit_group;")]
    public static void CommitCopies()
    {
    }

    /// <summary>Waits until of this thread's groups only the latest may be under way.</summary>
    [IntrinsicImplementation, PtxAsm("cp.async.wait_group 1;")]
    public static void WaitForAllCopiesButOneGroup()
    {
    }

    /// <summary>Waits until of this thread's groups only the latest two may be under way.</summary>
    [IntrinsicImplementation, PtxAsm("cp.async.wait_group 2;")]
    public static void WaitForAllCopiesButTwoGroups()
    {
    }

    /// <summary>Waits until of this thread's groups only the latest four may be under way.</summary>
    [IntrinsicImplementation, PtxAsm("cp.async.wait_group 4;")]
    public static void WaitForAllCopiesButFourGroups()
    {
    }

    /// <summary>Waits for all copies of this thread.</summary>
    [IntrinsicImplementation, PtxAsm("cp.async.wait_all;")]
    public static void WaitForCopies()
    {
    }

    /// <summary>Two floats rounded to bf16, to nearest even; the first in the low half.</summary>
    [IntrinsicImplementation, PtxAsm("cvt.rn.bf16x2.f32 $d, $1, $0;")]
    public static uint PackBf16(float low, float high) =>
        BFloat16.Round(low).Bits | ((uint)BFloat16.Round(high).Bits << 16);

    private static UInt4 FirstBytes(UInt4 words, int bytes)
    {
        return new() { X = First(words.X, 0), Y = First(words.Y, 4), Z = First(words.Z, 8), W = First(words.W, 12) };

        uint First(uint word, int at) => bytes - at >= 4 ? word : bytes <= at ? 0 : word & ((1u << (8 * (bytes - at))) - 1);
    }

    private static NotSupportedException OfWholeWarp() => new("an instruction of a whole warp has no meaning for one thread");
}
