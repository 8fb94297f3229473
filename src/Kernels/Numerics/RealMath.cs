using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Elementary functions for host vectors and GPU threads alike: short polynomials that were fitted for the least maximum error. NaN in gives NaN
/// out; arguments are otherwise finite unless a function says more.
/// </summary>
public static class RealMath
{
    private const float Log2E = 1.44269504f;

    // ln 2 in two parts: the first has trailing zeros, so n * Ln2High is exact.
    private const float Ln2High = 0.693145752f;
    private const float Ln2Low = 1.42860677e-6f;

    /// <summary>
    /// e^x within 2 ulp for results in the normal range. Results below that range fade to 0, also for -infinity;
    /// from x = 88.3 on it stays at 2.2e38, so that finite arguments never make an infinity.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<V>(V x) where V : struct, IReal<V>
    {
        // Min and Max return their second operand when it is NaN.
        x = V.Min(V.Broadcast(88.3f), V.Max(V.Broadcast(-88f), x));
        var n = V.Round(x * V.Broadcast(Log2E));
        var r = V.Fma(n, V.Broadcast(-Ln2High), x);
        r = V.Fma(n, V.Broadcast(-Ln2Low), r);
        var p = V.Fma(V.Broadcast(0.00138148766f), r, V.Broadcast(0.00836873828f));
        p = V.Fma(p, r, V.Broadcast(0.0416683859f));
        p = V.Fma(p, r, V.Broadcast(0.166665205f));
        p = V.Fma(p, r, V.Broadcast(0.499999934f));
        p = V.Fma(p * r, r, r);
        return (V.Broadcast(1) + p) * V.Exp2Integer(n);
    }

    /// <summary>ln x within 2 ulp for normal positive x, and for +infinity.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Log<V>(V x) where V : struct, IReal<V>
    {
        var f = V.SplitExponent(x, out var e) - V.Broadcast(1);
        var p = V.Fma(V.Broadcast(7.0376836292e-2f), f, V.Broadcast(-1.1514610310e-1f));
        p = V.Fma(p, f, V.Broadcast(1.1676998740e-1f));
        p = V.Fma(p, f, V.Broadcast(-1.2420140846e-1f));
        p = V.Fma(p, f, V.Broadcast(1.4249322787e-1f));
        p = V.Fma(p, f, V.Broadcast(-1.6668057665e-1f));
        p = V.Fma(p, f, V.Broadcast(2.0000714765e-1f));
        p = V.Fma(p, f, V.Broadcast(-2.4999993993e-1f));
        p = V.Fma(p, f, V.Broadcast(3.3333331174e-1f));
        var square = f * f;
        var tail = V.Fma(e, V.Broadcast(Ln2Low), p * f * square);
        var log = V.Fma(e, V.Broadcast(Ln2High), f + V.Fma(V.Broadcast(-0.5f), square, tail));
        return V.SelectLess(x, V.Broadcast(float.PositiveInfinity), log, x);
    }

    /// <summary>x Phi(x), Phi the standard normal distribution function; error below 2e-7 (1 + |x|). 0 at -infinity.</summary>
    /// <remarks>
    /// By symmetry max(0, x) - a Phi(-a) with a = |x|, and Phi(-a) = 2^p(a). The fit weighs errors by the larger of Phi(-a)
    /// and a Phi(-a), up to a = 6.5, and is exact at 0; beyond, p falls fast enough, and where a ends the power is 0.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Gelu<V>(V x) where V : struct, IReal<V>
    {
        var a = V.Min(V.Broadcast(10.185f), V.Abs(x));
        var p = V.Fma(V.Broadcast(-2.33494779e-6f), a, V.Broadcast(3.37377969e-5f));
        p = V.Fma(p, a, V.Broadcast(-0.000161293734f));
        p = V.Fma(p, a, V.Broadcast(-0.000191703788f));
        p = V.Fma(p, a, V.Broadcast(0.00712686544f));
        p = V.Fma(p, a, V.Broadcast(-0.0525336117f));
        p = V.Fma(p, a, V.Broadcast(-0.459198296f));
        p = V.Fma(p, a, V.Broadcast(-1.151106f));
        p = V.Fma(p, a, V.Broadcast(-1));
        return V.Fma(V.Zero - a, Exp2(p), V.Max(V.Zero, x));
    }

    /// <summary>Derivative of <see cref="Gelu"/>; error below 3e-7. 0 and 1 at the infinities.</summary>
    /// <remarks>
    /// Phi(-a) - a phi(a) = e^(-a^2/2) h(a) for x = -a, and 1 minus that for x = a. The fit of h weighs errors by
    /// e^(-a^2/2), which is 0 where a ends.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V GeluGradient<V>(V x) where V : struct, IReal<V>
    {
        var a = V.Min(V.Broadcast(13.27f), V.Abs(x));
        var h = V.Fma(V.Broadcast(1.63169420e-6f), a, V.Broadcast(-3.52078569e-5f));
        h = V.Fma(h, a, V.Broadcast(0.000339738996f));
        h = V.Fma(h, a, V.Broadcast(-0.00197462947f));
        h = V.Fma(h, a, V.Broadcast(0.00793939549f));
        h = V.Fma(h, a, V.Broadcast(-0.0243139379f));
        h = V.Fma(h, a, V.Broadcast(0.0611548908f));
        h = V.Fma(h, a, V.Broadcast(-0.132513806f));
        h = V.Fma(h, a, V.Broadcast(0.249916792f));
        h = V.Fma(h, a, V.Broadcast(-0.797878802f));
        h = V.Fma(h, a, V.Broadcast(0.49999994f));
        var below = h * Exp2(V.Broadcast(-0.5f * Log2E) * a * a);
        return V.SelectLess(x, V.Zero, below, V.Broadcast(1) - below);
    }

    /// <summary>x / (1 + e^-x); error below 2e-7 (1 + |x|). 0 at -infinity.</summary>
    /// <remarks>Below -89 the second factor is 0, and 0 times infinity would be NaN.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Silu<V>(V x) where V : struct, IReal<V> => V.Max(V.Broadcast(-89), x) * Sigmoid(x);

    /// <summary>Derivative of <see cref="Silu"/>; error below 3e-7. 0 and 1 at the infinities.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SiluGradient<V>(V x) where V : struct, IReal<V>
    {
        // 1 - sigmoid(x) is sigmoid(-x): written so, large x lose nothing. Beyond 89 it is 0, and must not meet infinity.
        x = V.Min(V.Broadcast(89), V.Max(V.Broadcast(-89), x));
        var one = V.Broadcast(1);
        var e = Exp(V.Zero - V.Abs(x));
        var larger = one / (one + e);
        var smaller = e * larger;
        var sigmoid = V.SelectLess(x, V.Zero, smaller, larger);
        return sigmoid * V.Fma(x, V.SelectLess(x, V.Zero, larger, smaller), one);
    }

    /// <summary>1 / (1 + e^-x), to relative 3e-7 where it is a normal number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid<V>(V x) where V : struct, IReal<V>
    {
        var one = V.Broadcast(1);
        var e = Exp(V.Zero - V.Abs(x));
        return V.SelectLess(x, V.Zero, e, one) / (one + e);
    }

    /// <summary>sin(2 pi u) and cos(2 pi u), error below 2e-7, for |u| up to 2^20.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SinCosTwoPi<V>(V u, out V sin, out V cos) where V : struct, IReal<V>
    {
        // u is k half turns and a rest of y/2 with |y| <= 1/2; each half turn flips both signs.
        var halfTurns = u + u;
        var k = V.Round(halfTurns);
        var y = halfTurns - k;
        var odd = V.Abs(V.Fma(V.Broadcast(-2), V.Round(k * V.Broadcast(0.5f)), k));
        var sign = V.Fma(V.Broadcast(-2), odd, V.Broadcast(1));
        var z = y * y;
        var s = V.Fma(V.Broadcast(0.0772186551f), z, V.Broadcast(-0.598044467f));
        s = V.Fma(s, z, V.Broadcast(2.55003127f));
        s = V.Fma(s, z, V.Broadcast(-5.16770687f));
        s = V.Fma(s, z, V.Broadcast(3.14159258f));
        var c = V.Fma(V.Broadcast(-0.0244202264f), z, V.Broadcast(0.234953666f));
        c = V.Fma(c, z, V.Broadcast(-1.33521606f));
        c = V.Fma(c, z, V.Broadcast(4.05870961f));
        c = V.Fma(c, z, V.Broadcast(-4.93480216f));
        sin = sign * y * s;
        cos = sign * V.Fma(c, z, V.Broadcast(1));
    }

    /// <summary>2^x to relative 1.5e-7, for x in [-126, 127].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Exp2<V>(V x) where V : struct, IReal<V>
    {
        var n = V.Round(x);
        var f = x - n;
        var p = V.Fma(V.Broadcast(0.00132647273f), f, V.Broadcast(0.00967151299f));
        p = V.Fma(p, f, V.Broadcast(0.0555073358f));
        p = V.Fma(p, f, V.Broadcast(0.240222424f));
        p = V.Fma(p, f, V.Broadcast(0.693147004f));
        p = V.Fma(p, f, V.Broadcast(1));
        return p * V.Exp2Integer(n);
    }
}
