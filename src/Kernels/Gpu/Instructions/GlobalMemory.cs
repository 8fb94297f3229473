using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.IR.Intrinsics;

namespace DPT.Engine.Kernels;

/// <summary>Wide accesses to global memory.</summary>
public static class GlobalMemory
{
    /// <summary>Whether rows of such a matrix can be read in packs of four: every row starts at a multiple of 16 bytes.</summary>
    public static bool HasAlignedRows(Slice<float> matrix, int stride) => (matrix.Address & 15) == 0 && (stride & 3) == 0;

    /// <summary>Four floats from an address that is a multiple of 16 bytes.</summary>
    [IntrinsicImplementation, PtxAsm("ld.global.v4.f32 $d, [$0];")]
    public static Float4 Load4(ref float first) => Unsafe.As<float, Float4>(ref first);

    /// <summary>Four floats to an address that is a multiple of 16 bytes.</summary>
    [IntrinsicImplementation, PtxAsm("st.global.v4.f32 [$0], $1;")]
    public static void Store4(ref float first, Float4 pack) => Unsafe.As<float, Float4>(ref first) = pack;

    /// <summary>
    /// Up to four floats of a row: those that are there, zeros for the rest. In one instruction if all are there and
    /// the row is aligned.
    /// </summary>
    /// <param name="x">The matrix.</param>
    /// <param name="at">Index of the first float.</param>
    /// <param name="count">How many are there; any number below 1 is none.</param>
    /// <param name="isAligned">Whether that index is a multiple of 16 bytes; the same for all threads.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 LoadUpTo4(ArrayView<float> x, long at, int count, bool isAligned)
    {
        var pack = default(Float4);
        if (isAligned && count >= 4)
        {
            pack = Load4(ref x[at]);
        }
        else
        {
            pack.X = count > 0 ? x[at] : 0f;
            pack.Y = count > 1 ? x[at + 1] : 0f;
            pack.Z = count > 2 ? x[at + 2] : 0f;
            pack.W = count > 3 ? x[at + 3] : 0f;
        }

        return pack;
    }

    /// <summary>Writes those of four floats of a row that are there, in one instruction if all are and the row is aligned.</summary>
    /// <param name="x">The matrix.</param>
    /// <param name="at">Index of the first float.</param>
    /// <param name="count">How many are there; any number below 1 is none.</param>
    /// <param name="isAligned">Whether that index is a multiple of 16 bytes; the same for all threads.</param>
    /// <param name="pack">The floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreUpTo4(ArrayView<float> x, long at, int count, bool isAligned, Float4 pack)
    {
        if (isAligned && count >= 4)
        {
            Store4(ref x[at], pack);
            return;
        }

        if (count > 0)
        {
            x[at] = pack.X;
        }

        if (count > 1)
        {
            x[at + 1] = pack.Y;
        }

        if (count > 2)
        {
            x[at + 2] = pack.Z;
        }

        if (count > 3)
        {
            x[at + 3] = pack.W;
        }
    }
}
