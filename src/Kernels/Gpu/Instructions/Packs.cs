using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>Four floats that move in one instruction: 16 bytes, aligned to 16.</summary>
public struct Float4
{
    /// <summary>The first lane.</summary>
    public float X;
    /// <summary>The second lane.</summary>
    public float Y;
    /// <summary>The third lane.</summary>
    public float Z;
    /// <summary>The fourth lane.</summary>
    public float W;

    /// <summary>The same number in every lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Broadcast(float value) => new() { X = value, Y = value, Z = value, W = value };

    /// <summary>A lane; the index must be a constant once loops are written out, as no register is found by a number.</summary>
    public readonly float this[int lane]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => lane == 0 ? X : lane == 1 ? Y : lane == 2 ? Z : W;
    }

    /// <summary>Adds factor times a pack, lane by lane, each rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddScaled(float factor, Float4 pack)
    {
        X = Scalar.Fma(factor, pack.X, X);
        Y = Scalar.Fma(factor, pack.Y, Y);
        Z = Scalar.Fma(factor, pack.Z, Z);
        W = Scalar.Fma(factor, pack.W, W);
    }

    /// <summary>The sum of the products of lanes, in ascending order, onto a start.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly float Dot(Float4 other, float start)
    {
        var sum = Scalar.Fma(X, other.X, start);
        sum = Scalar.Fma(Y, other.Y, sum);
        sum = Scalar.Fma(Z, other.Z, sum);
        return Scalar.Fma(W, other.W, sum);
    }

    /// <summary>The sum of the products of lanes with four numbers, in ascending order, onto a start.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly float Dot(float x, float y, float z, float w, float start) =>
        Scalar.Fma(W, w, Scalar.Fma(Z, z, Scalar.Fma(Y, y, Scalar.Fma(X, x, start))));

    /// <summary>x y + z, lane by lane, each rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Fma(Float4 x, Float4 y, Float4 z) => new()
    {
        X = Scalar.Fma(x.X, y.X, z.X),
        Y = Scalar.Fma(x.Y, y.Y, z.Y),
        Z = Scalar.Fma(x.Z, y.Z, z.Z),
        W = Scalar.Fma(x.W, y.W, z.W),
    };

    /// <summary>x + y, lane by lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 operator +(Float4 x, Float4 y) => new() { X = x.X + y.X, Y = x.Y + y.Y, Z = x.Z + y.Z, W = x.W + y.W };

    /// <summary>x - y, lane by lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 operator -(Float4 x, Float4 y) => new() { X = x.X - y.X, Y = x.Y - y.Y, Z = x.Z - y.Z, W = x.W - y.W };

    /// <summary>x y, lane by lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 operator *(Float4 x, Float4 y) => new() { X = x.X * y.X, Y = x.Y * y.Y, Z = x.Z * y.Z, W = x.W * y.W };

    /// <summary>x - y in every lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 operator -(Float4 x, float y) => new() { X = x.X - y, Y = x.Y - y, Z = x.Z - y, W = x.W - y };

    /// <summary>x y in every lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 operator *(Float4 x, float y) => new() { X = x.X * y, Y = x.Y * y, Z = x.Z * y, W = x.W * y };

    /// <summary>The sum of the lanes, in pairs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly float Sum() => (X + Y) + (Z + W);

    /// <summary>Multiplies every lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(float factor)
    {
        X *= factor;
        Y *= factor;
        Z *= factor;
        W *= factor;
    }
}

/// <summary>Two floats that move in one instruction: 8 bytes, aligned to 8.</summary>
public struct Float2
{
    /// <summary>The first lane.</summary>
    public float X;
    /// <summary>The second lane.</summary>
    public float Y;

    /// <summary>Adds factor times a pair, lane by lane, each rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddScaled(float factor, Float2 pair)
    {
        X = Scalar.Fma(factor, pair.X, X);
        Y = Scalar.Fma(factor, pair.Y, Y);
    }
}

/// <summary>Two 32-bit words in registers: a fragment of a matrix, or a pair of packed halves.</summary>
public struct UInt2
{
    /// <summary>The first word.</summary>
    public uint X;
    /// <summary>The second word.</summary>
    public uint Y;
}

/// <summary>Four 32-bit words in registers, 16 bytes in memory.</summary>
public struct UInt4
{
    /// <summary>The first word.</summary>
    public uint X;
    /// <summary>The second word.</summary>
    public uint Y;
    /// <summary>The third word.</summary>
    public uint Z;
    /// <summary>The fourth word.</summary>
    public uint W;

    /// <summary>X and Y.</summary>
    public readonly UInt2 Low
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { X = X, Y = Y };
    }

    /// <summary>Z and W.</summary>
    public readonly UInt2 High
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { X = Z, Y = W };
    }
}
