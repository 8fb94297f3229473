using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DPT.Engine.Ptx;

/// <summary>
/// A tensor in global memory and the boxes that bulk copies take from it: what a driver encodes into the 128 opaque bytes that a
/// kernel is given, and what the simulator encodes in a form of its own. Dimension 0 is the one whose elements are adjacent.
/// </summary>
public readonly record struct PtxTensorMap
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

    private readonly Numbers _sizes;
    private readonly Numbers _strides;
    private readonly Numbers _box;

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
        ReadOnlySpan<long> sizes,
        ReadOnlySpan<long> strides,
        ReadOnlySpan<int> box,
        PtxSwizzle swizzle = PtxSwizzle.None)
    {
        (Address, ElementBytes, Rank, Swizzle) = (address, elementBytes, sizes.Length, swizzle);
        if (sizes.Length is < 1 or > MaxRank || strides.Length != sizes.Length - 1 || box.Length != sizes.Length)
        {
            throw Beyond($"there are 1 to {MaxRank} dimensions, each with a size and a length of the box, all but the first with a stride");
        }

        sizes.CopyTo(_sizes);
        strides.CopyTo(_strides);
        for (var i = 0; i < box.Length; i++)
        {
            _box[i] = box[i];
        }

        Validate();
    }

    /// <summary>Of the first element.</summary>
    public long Address { get; }

    /// <summary>Bytes of an element.</summary>
    public int ElementBytes { get; }

    /// <summary>Dimensions.</summary>
    public int Rank { get; }

    /// <summary>How a box lies in shared memory.</summary>
    public PtxSwizzle Swizzle { get; }

    /// <summary>Bytes of a row of a box.</summary>
    public int RowBytes => Box(0) * ElementBytes;

    /// <summary>Bytes of a box: what a copy tells its mbarrier, elements beyond the edges included.</summary>
    public int BoxBytes
    {
        get
        {
            var bytes = ElementBytes;
            for (var i = 0; i < Rank; i++)
            {
                bytes *= Box(i);
            }

            return bytes;
        }
    }

    /// <summary>Bytes from the first element to behind the last.</summary>
    public long Extent
    {
        get
        {
            var bytes = Size(0) * ElementBytes;
            for (var i = 1; i < Rank; i++)
            {
                bytes += Stride(i) * (Size(i) - 1);
            }

            return bytes;
        }
    }

    /// <summary>Elements along a dimension.</summary>
    public long Size(int dimension) => _sizes[dimension];

    /// <summary>Bytes from one element to the next along a dimension.</summary>
    public long Stride(int dimension) => dimension == 0 ? ElementBytes : _strides[dimension - 1];

    /// <summary>Elements of a box along a dimension.</summary>
    public int Box(int dimension) => (int)_box[dimension];

    /// <summary>Writes the simulator's form, of <see cref="Bytes"/>.</summary>
    public void Encode(Span<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes[..Bytes]);
        words.Clear();
        words[0] = Signature;
        words[1] = (ulong)Address;
        words[2] = (uint)Rank | ((uint)ElementBytes << 8) | ((uint)Swizzle << 16);
        for (var i = 0; i < Rank; i++)
        {
            words[3 + i] = (ulong)(_sizes[i] - 1) | ((ulong)_box[i] << 32);
            words[8 + i] = (ulong)_strides[i];
        }
    }

    /// <summary>The map that the simulator's form stands for.</summary>
    /// <exception cref="PtxException">They are other bytes.</exception>
    public static PtxTensorMap Decode(ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes[..Bytes]);
        if (words[0] != Signature)
        {
            throw Beyond("other bytes are there");
        }

        var rank = (int)(words[2] & 0xff);
        Span<long> sizes = stackalloc long[rank], strides = stackalloc long[rank];
        Span<int> box = stackalloc int[rank];
        for (var i = 0; i < rank; i++)
        {
            (sizes[i], strides[i], box[i]) = ((long)(words[3 + i] & 0xffff_ffff) + 1, (long)words[8 + i], (int)(words[3 + i] >> 32));
        }

        return new((long)words[1], (int)(words[2] >> 8 & 0xff), sizes, strides[..^1], box, (PtxSwizzle)(words[2] >> 16 & 0xff));
    }

    private void Validate()
    {
        Require(ElementBytes is 1 or 2 or 4 or 8, "an element has 1, 2, 4 or 8 bytes, not ", ElementBytes);
        Require(Address % StrideUnit == 0, "a tensor starts at a multiple of 16 bytes, not at ", Address);
        for (var i = 0; i < Rank; i++)
        {
            Require(Size(i) is >= 1 and <= MaxSize, "a size is 1 to 2^32, not ", Size(i));
            Require(Box(i) is >= 1 and <= MaxBox, "a box has 1 to 256 elements along a dimension, not ", Box(i));
            Require(
                i == 0 || (Stride(i) is > 0 and <= MaxStride && Stride(i) % StrideUnit == 0),
                "a stride is a multiple of 16 bytes below 2^40, not ", Stride(i));
        }

        Require(RowBytes % StrideUnit == 0, "a row of a box is a multiple of 16 bytes, not ", RowBytes);
        Require(
            Swizzle == PtxSwizzle.None || RowBytes <= (int)Swizzle, "a row of a box is no longer than its swizzle is wide, not ", RowBytes);
    }

    private static void Require(bool holds, string rule, long value)
    {
        if (!holds)
        {
            throw Beyond($"{rule}{value}");
        }
    }

    private static PtxException Beyond(string rule) => new($"a tensor map: {rule}");

    [InlineArray(MaxRank)]
    private struct Numbers : IEquatable<Numbers>
    {
        private long _first;

        public readonly bool Equals(Numbers other) => ((ReadOnlySpan<long>)this).SequenceEqual(other);

        public override readonly bool Equals(object? obj) => obj is Numbers other && Equals(other);

        public override readonly int GetHashCode() => HashCode.Combine(this[0], this[1], this[2], this[3], this[4]);
    }
}
