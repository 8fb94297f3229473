using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.IR.Intrinsics;

namespace DPT.Engine.Kernels;

/// <summary>Packs of four bf16 in global memory, as floats in registers.</summary>
public static class Bf16Memory
{
    /// <summary>Elements in the 16 bytes of the widest access, and of a chunk of shared memory.</summary>
    public const int OfChunk = 8;

    /// <summary>Whether every row of such a matrix starts at a multiple of 16 bytes, as asynchronous copies need.</summary>
    public static bool HasChunkedRows(Slice<BFloat16> matrix, int stride) =>
        (matrix.Address & 15) == 0 && stride % OfChunk == 0;

    /// <summary>Whether rows of such a matrix can be moved in packs of four: every row starts at a multiple of 8 bytes.</summary>
    public static bool HasPackedRows(Slice<BFloat16> matrix, int stride) => (matrix.Address & 7) == 0 && (stride & 3) == 0;

    /// <summary>Up to four elements of a row: those that are there, zeros for the rest.</summary>
    /// <param name="x">The matrix.</param>
    /// <param name="at">Index of the first element.</param>
    /// <param name="count">How many are there; any number below 1 is none.</param>
    /// <param name="isAligned">Whether that index is a multiple of 8 bytes; the same for all threads.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 LoadUpTo4(ArrayView<BFloat16> x, long at, int count, bool isAligned)
    {
        if (isAligned && count >= 4)
        {
            return Widen(Load4(ref x[at]));
        }

        return new()
        {
            X = count > 0 ? x[at].ToSingle() : 0f,
            Y = count > 1 ? x[at + 1].ToSingle() : 0f,
            Z = count > 2 ? x[at + 2].ToSingle() : 0f,
            W = count > 3 ? x[at + 3].ToSingle() : 0f,
        };
    }

    /// <summary>Rounds four floats and writes those that are there to a row.</summary>
    /// <param name="x">The matrix.</param>
    /// <param name="at">Index of the first element.</param>
    /// <param name="count">How many are there; any number below 1 is none.</param>
    /// <param name="isAligned">Whether that index is a multiple of 8 bytes; the same for all threads.</param>
    /// <param name="pack">The floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreUpTo4(ArrayView<BFloat16> x, long at, int count, bool isAligned, Float4 pack)
    {
        if (isAligned && count >= 4)
        {
            Store4(ref x[at], Narrow(pack));
            return;
        }

        if (count > 0)
        {
            x[at] = Round(pack.X);
        }

        if (count > 1)
        {
            x[at + 1] = Round(pack.Y);
        }

        if (count > 2)
        {
            x[at + 2] = Round(pack.Z);
        }

        if (count > 3)
        {
            x[at + 3] = Round(pack.W);
        }
    }

    /// <summary>An element of a matrix that is kept as floats or, where there are none, in bf16; the same for all threads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadEither(ArrayView<float> floats, ArrayView<BFloat16> rounded, long at) =>
        rounded.Length > 0 ? rounded[at].ToSingle() : floats[at];

    /// <summary>Writes an element of such a matrix.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreEither(ArrayView<float> floats, ArrayView<BFloat16> rounded, long at, float value)
    {
        if (rounded.Length > 0)
        {
            rounded[at] = Round(value);
        }
        else
        {
            floats[at] = value;
        }
    }

    /// <summary>Four packed elements as floats, exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Widen(UInt2 packed) => new()
    {
        X = Interop.IntAsFloat(packed.X << 16),
        Y = Interop.IntAsFloat(packed.X & 0xffff0000),
        Z = Interop.IntAsFloat(packed.Y << 16),
        W = Interop.IntAsFloat(packed.Y & 0xffff0000),
    };

    /// <summary>Four floats rounded to nearest, packed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static UInt2 Narrow(Float4 pack) =>
        new() { X = TensorCore.PackBf16(pack.X, pack.Y), Y = TensorCore.PackBf16(pack.Z, pack.W) };

    /// <summary>A float rounded to nearest, as <see cref="BFloat16.Round"/> does on the host.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static BFloat16 Round(float value) => new((ushort)TensorCore.PackBf16(value, 0f));

    /// <summary>Eight elements to an address that is a multiple of 16 bytes.</summary>
    [IntrinsicImplementation, PtxAsm("st.global.v4.b32 [$0], $1;")]
    public static void StoreChunk(ref BFloat16 first, UInt4 chunk) => Unsafe.As<BFloat16, UInt4>(ref first) = chunk;

    /// <summary>Reads four packed elements.</summary>
    /// <param name="first">The first, at a multiple of 8 bytes.</param>
    [IntrinsicImplementation, PtxAsm("ld.global.v2.b32 $d, [$0];")]
    public static UInt2 Load4(ref BFloat16 first) => Unsafe.As<BFloat16, UInt2>(ref first);

    /// <summary>Writes four packed elements.</summary>
    /// <param name="first">The first, at a multiple of 8 bytes.</param>
    /// <param name="packed">The elements.</param>
    [IntrinsicImplementation, PtxAsm("st.global.v2.b32 [$0], $1;")]
    public static void Store4(ref BFloat16 first, UInt2 packed) => Unsafe.As<BFloat16, UInt2>(ref first) = packed;
}
