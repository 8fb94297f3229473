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

    /// <summary>Adds factor times a pack, lane by lane, each rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddScaled(float factor, Float4 pack)
    {
        X = Scalar.Fma(factor, pack.X, X);
        Y = Scalar.Fma(factor, pack.Y, Y);
        Z = Scalar.Fma(factor, pack.Z, Z);
        W = Scalar.Fma(factor, pack.W, W);
    }

    /// <summary>Adds to each lane the product, in ascending order, of one pack with one of four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddDots(Float4 pack, Float4 x, Float4 y, Float4 z, Float4 w)
    {
        X = pack.Dot(x, X);
        Y = pack.Dot(y, Y);
        Z = pack.Dot(z, Z);
        W = pack.Dot(w, W);
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
}
