using System.Runtime.CompilerServices;
using ILGPU.IR.Intrinsics;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread's part of 64 x 16 sums of a warpgroup: of every eight columns four sums, of rows g and g + 8 of its warp's sixteen.
/// With g = lane/4 and t = lane%4, X and Y are row g at columns 2t and 2t + 1, Z and W row g + 8.
/// </summary>
public struct Sums16
{
    /// <summary>The first 8 columns.</summary>
    public Float4 First;

    /// <summary>The other 8 columns.</summary>
    public Float4 Second;

    /// <summary>Zeros, made where this stands: before the <see cref="WarpGroup.Fence"/> of the products that add to them.</summary>
    [IntrinsicImplementation, PtxAsm("$d:=0;")]
    public static Sums16 Zero() => default;

    /// <summary>The sums of columns 8 <paramref name="block"/> to 8 <paramref name="block"/> + 7; a constant once loops are written out.</summary>
    public Float4 this[int block]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly get => block < 1 ? First : Second;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set
        {
            if (block < 1)
            {
                First = value;
            }
            else
            {
                Second = value;
            }
        }
    }
}

/// <summary>A thread's part of 64 x 32 sums of a warpgroup, as <see cref="Sums16"/> has them.</summary>
public struct Sums32
{
    /// <summary>The first 16 columns.</summary>
    public Sums16 Low;

    /// <summary>The other 16 columns.</summary>
    public Sums16 High;

    /// <summary>Zeros, made where this stands: before the <see cref="WarpGroup.Fence"/> of the products that add to them.</summary>
    [IntrinsicImplementation, PtxAsm("$d:=0;")]
    public static Sums32 Zero() => default;

    /// <summary>The sums of columns 8 <paramref name="block"/> to 8 <paramref name="block"/> + 7; a constant once loops are written out.</summary>
    public Float4 this[int block]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly get => block < 2 ? Low[block] : High[block - 2];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set
        {
            if (block < 2)
            {
                Low[block] = value;
            }
            else
            {
                High[block - 2] = value;
            }
        }
    }
}

/// <summary>A thread's part of 64 x 64 sums of a warpgroup, as <see cref="Sums16"/> has them.</summary>
public struct Sums64
{
    /// <summary>The first 32 columns.</summary>
    public Sums32 Low;

    /// <summary>The other 32 columns.</summary>
    public Sums32 High;

    /// <summary>Zeros, made where this stands: before the <see cref="WarpGroup.Fence"/> of the products that add to them.</summary>
    [IntrinsicImplementation, PtxAsm("$d:=0;")]
    public static Sums64 Zero() => default;

    /// <summary>The sums of columns 8 <paramref name="block"/> to 8 <paramref name="block"/> + 7; a constant once loops are written out.</summary>
    public Float4 this[int block]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly get => block < 4 ? Low[block] : High[block - 4];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set
        {
            if (block < 4)
            {
                Low[block] = value;
            }
            else
            {
                High[block - 4] = value;
            }
        }
    }
}

/// <summary>A thread's part of 64 x 96 sums of a warpgroup, as <see cref="Sums16"/> has them.</summary>
public struct Sums96
{
    /// <summary>The first 64 columns.</summary>
    public Sums64 Low;

    /// <summary>The other 32 columns.</summary>
    public Sums32 High;

    /// <summary>Zeros, made where this stands: before the <see cref="WarpGroup.Fence"/> of the products that add to them.</summary>
    [IntrinsicImplementation, PtxAsm("$d:=0;")]
    public static Sums96 Zero() => default;

    /// <summary>The sums of columns 8 <paramref name="block"/> to 8 <paramref name="block"/> + 7; a constant once loops are written out.</summary>
    public Float4 this[int block]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly get => block < 8 ? Low[block] : High[block - 8];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set
        {
            if (block < 8)
            {
                Low[block] = value;
            }
            else
            {
                High[block - 8] = value;
            }
        }
    }
}

/// <summary>A thread's part of 64 x 128 sums of a warpgroup, as <see cref="Sums16"/> has them.</summary>
public struct Sums128
{
    /// <summary>The first 64 columns.</summary>
    public Sums64 Low;

    /// <summary>The other 64 columns.</summary>
    public Sums64 High;

    /// <summary>Zeros, made where this stands: before the <see cref="WarpGroup.Fence"/> of the products that add to them.</summary>
    [IntrinsicImplementation, PtxAsm("$d:=0;")]
    public static Sums128 Zero() => default;

    /// <summary>The sums of columns 8 <paramref name="block"/> to 8 <paramref name="block"/> + 7; a constant once loops are written out.</summary>
    public Float4 this[int block]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly get => block < 8 ? Low[block] : High[block - 8];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set
        {
            if (block < 8)
            {
                Low[block] = value;
            }
            else
            {
                High[block - 8] = value;
            }
        }
    }
}

/// <summary>A thread's part of 64 x 192 sums of a warpgroup, as <see cref="Sums16"/> has them.</summary>
public struct Sums192
{
    /// <summary>The first 128 columns.</summary>
    public Sums128 Low;

    /// <summary>The other 64 columns.</summary>
    public Sums64 High;

    /// <summary>Zeros, made where this stands: before the <see cref="WarpGroup.Fence"/> of the products that add to them.</summary>
    [IntrinsicImplementation, PtxAsm("$d:=0;")]
    public static Sums192 Zero() => default;

    /// <summary>The sums of columns 8 <paramref name="block"/> to 8 <paramref name="block"/> + 7; a constant once loops are written out.</summary>
    public Float4 this[int block]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly get => block < 16 ? Low[block] : High[block - 16];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set
        {
            if (block < 16)
            {
                Low[block] = value;
            }
            else
            {
                High[block - 16] = value;
            }
        }
    }
}

/// <summary>A thread's part of 64 x 256 sums of a warpgroup, as <see cref="Sums16"/> has them.</summary>
public struct Sums256
{
    /// <summary>The first 128 columns.</summary>
    public Sums128 Low;

    /// <summary>The other 128 columns.</summary>
    public Sums128 High;

    /// <summary>Zeros, made where this stands: before the <see cref="WarpGroup.Fence"/> of the products that add to them.</summary>
    [IntrinsicImplementation, PtxAsm("$d:=0;")]
    public static Sums256 Zero() => default;

    /// <summary>The sums of columns 8 <paramref name="block"/> to 8 <paramref name="block"/> + 7; a constant once loops are written out.</summary>
    public Float4 this[int block]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly get => block < 16 ? Low[block] : High[block - 16];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set
        {
            if (block < 16)
            {
                Low[block] = value;
            }
            else
            {
                High[block - 16] = value;
            }
        }
    }
}
