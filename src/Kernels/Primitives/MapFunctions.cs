using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>A function of <see cref="MapFunction"/>, for vectors of the host and threads of a GPU alike.</summary>
internal interface IMapFunction
{
    /// <summary>The value; functions of one operand look at the first alone, and only one looks at factor and offset.</summary>
    static abstract V Of<V>(V a, V b, V factor, V offset) where V : struct, IReal<V>;
}

/// <summary>a + b.</summary>
internal readonly struct AddFunction : IMapFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<V>(V a, V b, V factor, V offset) where V : struct, IReal<V> => a + b;
}

/// <summary>a b.</summary>
internal readonly struct MultiplyFunction : IMapFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<V>(V a, V b, V factor, V offset) where V : struct, IReal<V> => a * b;
}

/// <summary>a / b.</summary>
internal readonly struct DivideFunction : IMapFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<V>(V a, V b, V factor, V offset) where V : struct, IReal<V> => a / b;
}

/// <summary>1 where a = b, else 0.</summary>
internal readonly struct EqualFunction : IMapFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<V>(V a, V b, V factor, V offset) where V : struct, IReal<V>
    {
        var same = V.SelectLess(a, b, V.Zero, V.SelectLess(b, a, V.Zero, V.Broadcast(1)));
        return NotANumber.Select(a, b, yes: V.Zero, no: same);
    }
}

/// <summary>factor a + offset.</summary>
internal readonly struct AffineFunction : IMapFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<V>(V a, V b, V factor, V offset) where V : struct, IReal<V> => V.Fma(a, factor, offset);
}

/// <summary>e^a, infinite where a float cannot hold it.</summary>
internal readonly struct ExpFunction : IMapFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<V>(V a, V b, V factor, V offset) where V : struct, IReal<V>
    {
        // RealMath.Exp ends a little below the largest float: there, e^(a-1) e goes on and overflows by itself.
        var large = V.Broadcast(88);
        return RealMath.Exp(a - V.SelectLess(large, a, V.Broadcast(1), V.Zero))
            * V.SelectLess(large, a, V.Broadcast(MathF.E), V.Broadcast(1));
    }
}

/// <summary>ln a, for denormals, zero and negative numbers too.</summary>
internal readonly struct LogFunction : IMapFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<V>(V a, V b, V factor, V offset) where V : struct, IReal<V>
    {
        var leastNormal = V.Broadcast(1.17549435e-38f);
        var scaled = V.SelectLess(a, leastNormal, a * V.Broadcast(1 << 24), a);
        var log = RealMath.Log(scaled) - V.SelectLess(a, leastNormal, V.Broadcast(16.6355323f), V.Zero);
        log = V.SelectLess(a, V.Broadcast(float.Epsilon), V.Broadcast(float.NegativeInfinity), log);
        return V.SelectLess(a, V.Zero, V.Broadcast(float.NaN), log);
    }
}

/// <summary>The square root of a.</summary>
internal readonly struct SqrtFunction : IMapFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Of<V>(V a, V b, V factor, V offset) where V : struct, IReal<V> => V.Sqrt(a);
}

/// <summary>How elements along an axis become one, for vectors of the host and threads of a GPU alike.</summary>
internal interface IAxisReduction
{
    /// <summary>What changes nothing.</summary>
    static abstract float Identity { get; }

    /// <summary>Two as one.</summary>
    static abstract V Combine<V>(V left, V right) where V : struct, IReal<V>;
}

/// <summary>Sums.</summary>
internal readonly struct SumReduction : IAxisReduction
{
    public static float Identity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Combine<V>(V left, V right) where V : struct, IReal<V> => left + right;
}

/// <summary>Maxima that are NaN if one number is.</summary>
internal readonly struct MaxReduction : IAxisReduction
{
    public static float Identity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => float.NegativeInfinity;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Combine<V>(V left, V right) where V : struct, IReal<V> =>
        NotANumber.Select(left, right, yes: left + right, no: V.Max(left, right));
}

/// <summary>The question that no comparison of <see cref="IReal{V}"/> answers.</summary>
internal static class NotANumber
{
    /// <summary><paramref name="yes"/> where one of the two is NaN.</summary>
    /// <remarks>Min returns its second operand when that is NaN; the sum of numbers that are not positive is one, or NaN.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Select<V>(V left, V right, V yes, V no) where V : struct, IReal<V> =>
        V.SelectLess(V.Min(V.Zero, left) + V.Min(V.Zero, right), V.Broadcast(1), no, yes);
}
