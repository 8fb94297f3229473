using System.Runtime.InteropServices;

namespace DPT.Engine.Ptx;

/// <summary>
/// A tensor in global memory and the boxes that bulk copies take from it: what a driver encodes into the 128 opaque bytes that a
/// kernel is given, and what the simulator encodes in a form of its own. The dimension whose elements are adjacent is the first.
/// </summary>
public sealed record PtxTensorMap
{
    /// <summary>Bytes of the encoded form.</summary>
    public const int Bytes = 128;

    /// <summary>What the encoded form must be aligned to among the parameters.</summary>
    public const int Alignment = 64;

    /// <summary>The most dimensions.</summary>
    public const int MaxRank = 5;

    /// <summary>The most elements of a box along a dimension.</summary>
    public const int MaxBox = 256;

    private const int StrideUnit = 16;
    private const long MaxStride = (1L << 40) - 1;
    private const long MaxSize = 1L << 32;
    private const ulong Signature = 0x7061_4d72_6f73_6e54;

    /// <summary>Describes a tensor.</summary>
    /// <param name="address">Of the first element, a multiple of 16.</param>
    /// <param name="elementBytes">1, 2, 4 or 8.</param>
    /// <param name="sizes">Elements along each of 1 to 5 dimensions, 1 to 2^32.</param>
    /// <param name="strides">Bytes from one element to the next along each dimension but the first, multiples of 16 below 2^40.</param>
    /// <param name="box">Elements of a box along each dimension, 1 to 256; a row of it is a multiple of 16 bytes.</param>
    /// <param name="swizzle">How a box lies in shared memory; a row of it is no longer than the pattern is wide.</param>
    /// <exception cref="PtxException">Something is beyond these limits.</exception>
    public PtxTensorMap(
        long address,
        int elementBytes,
        IReadOnlyList<long> sizes,
        IReadOnlyList<long> strides,
        IReadOnlyList<int> box,
        PtxSwizzle swizzle = PtxSwizzle.None)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        ArgumentNullException.ThrowIfNull(strides);
        ArgumentNullException.ThrowIfNull(box);
        (Address, ElementBytes, Sizes, Strides, Box, Swizzle) = (address, elementBytes, sizes, strides, box, swizzle);
        Require(elementBytes is 1 or 2 or 4 or 8, $"an element has 1, 2, 4 or 8 bytes, not {elementBytes}");
        Require(sizes.Count is >= 1 and <= MaxRank, $"there are 1 to {MaxRank} dimensions, not {sizes.Count}");
        Require(
            strides.Count == sizes.Count - 1 && box.Count == sizes.Count,
            $"{sizes.Count} sizes go with {sizes.Count - 1} strides and {sizes.Count} sizes of a box, not {strides.Count} and {box.Count}");
        Require(address % StrideUnit == 0, $"the tensor starts at 0x{address:x}, which is no multiple of {StrideUnit}");
        foreach (var size in sizes)
        {
            Require(size is >= 1 and <= MaxSize, $"a size is 1 to 2^32, not {size}");
        }

        foreach (var stride in strides)
        {
            Require(
                stride is > 0 and <= MaxStride && stride % StrideUnit == 0,
                $"a stride is a multiple of {StrideUnit} bytes below 2^40, not {stride}");
        }

        foreach (var length in box)
        {
            Require(length is >= 1 and <= MaxBox, $"a box has 1 to {MaxBox} elements along a dimension, not {length}");
        }

        Require(RowBytes % StrideUnit == 0, $"a row of a box is a multiple of {StrideUnit} bytes, not {RowBytes}");
        Require(
            swizzle == PtxSwizzle.None || RowBytes <= (int)swizzle,
            $"a row of a box with that swizzle has at most {(int)swizzle} bytes, not {RowBytes}");
    }

    /// <summary>Of the first element.</summary>
    public long Address { get; }

    /// <summary>Bytes of an element.</summary>
    public int ElementBytes { get; }

    /// <summary>Elements along each dimension.</summary>
    public IReadOnlyList<long> Sizes { get; }

    /// <summary>Bytes between neighbours along each dimension but the first.</summary>
    public IReadOnlyList<long> Strides { get; }

    /// <summary>Elements of a box along each dimension.</summary>
    public IReadOnlyList<int> Box { get; }

    /// <summary>How a box lies in shared memory.</summary>
    public PtxSwizzle Swizzle { get; }

    /// <summary>Bytes of a row of a box.</summary>
    public int RowBytes => Box[0] * ElementBytes;

    /// <summary>Bytes of a box: what a copy tells its mbarrier, elements beyond the edges included.</summary>
    public int BoxBytes => ElementBytes * Box.Aggregate(1, (all, length) => all * length);

    /// <summary>Bytes from the first element to behind the last.</summary>
    public long Extent => (Sizes[0] * ElementBytes) + Strides.Select((stride, i) => stride * (Sizes[i + 1] - 1)).Sum();

    /// <summary>The simulator's form of it.</summary>
    public byte[] ToBytes()
    {
        var words = new ulong[Bytes / sizeof(ulong)];
        words[0] = Signature;
        words[1] = (ulong)Address;
        words[2] = (uint)Sizes.Count | ((uint)ElementBytes << 8) | ((uint)Swizzle << 16);
        for (var i = 0; i < Sizes.Count; i++)
        {
            words[3 + i] = (ulong)(Sizes[i] - 1) | ((ulong)(uint)Box[i] << 32);
            words[8 + i] = i < Strides.Count ? (ulong)Strides[i] : 0;
        }

        return [.. MemoryMarshal.AsBytes<ulong>(words)];
    }

    /// <summary>The map that the simulator's form stands for.</summary>
    /// <exception cref="PtxException">They are other bytes.</exception>
    public static PtxTensorMap Read(ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes[..Bytes]);
        Require(words[0] == Signature, "no tensor map is there");
        var rank = (int)(words[2] & 0xff);
        var sizes = new long[rank];
        var box = new int[rank];
        var strides = new long[rank - 1];
        for (var i = 0; i < rank; i++)
        {
            (sizes[i], box[i]) = ((long)(words[3 + i] & 0xffff_ffff) + 1, (int)(words[3 + i] >> 32));
        }

        for (var i = 0; i < strides.Length; i++)
        {
            strides[i] = (long)words[8 + i];
        }

        return new((long)words[1], (int)(words[2] >> 8 & 0xff), sizes, strides, box, (PtxSwizzle)(words[2] >> 16 & 0xff));
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new PtxException($"a tensor map: {otherwise}");
        }
    }
}
