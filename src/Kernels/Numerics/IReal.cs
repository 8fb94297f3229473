namespace DPT.Engine.Kernels;

/// <summary>
/// Arithmetic on floats of some number of lanes. What is written against it is written once: for vectors of the host at
/// every width, and for one thread of a GPU.
/// </summary>
/// <typeparam name="V">The implementing struct.</typeparam>
public interface IReal<V> where V : struct, IReal<V>
{
    /// <summary>0 in every lane.</summary>
    static abstract V Zero { get; }

    /// <summary>The same number in every lane.</summary>
    static abstract V Broadcast(float value);

    /// <summary>Sum of each lane, rounded once.</summary>
    static abstract V operator +(V left, V right);

    /// <summary>Difference of each lane, rounded once.</summary>
    static abstract V operator -(V left, V right);

    /// <summary>Product of each lane, rounded once.</summary>
    static abstract V operator *(V left, V right);

    /// <summary>Quotient of each lane, rounded once.</summary>
    static abstract V operator /(V left, V right);

    /// <summary>a * b + c, rounded once where the processor can.</summary>
    static abstract V Fma(V a, V b, V c);

    /// <summary>The smaller of each lane; <paramref name="right"/> if one is NaN.</summary>
    static abstract V Min(V left, V right);

    /// <summary>The larger of each lane; <paramref name="right"/> if one is NaN.</summary>
    static abstract V Max(V left, V right);

    /// <summary>Each lane without its sign.</summary>
    static abstract V Abs(V value);

    /// <summary>Square root of each lane, rounded once.</summary>
    static abstract V Sqrt(V value);

    /// <summary>Nearest integer, ties to even.</summary>
    static abstract V Round(V value);

    /// <summary>2^n for integral n in [-126, 127], and 0 for n = -127; built from exponent bits.</summary>
    static abstract V Exp2Integer(V n);

    /// <summary>Splits x &gt; 0 (normal) as m * 2^e with m in [sqrt(1/2), sqrt(2)).</summary>
    static abstract V SplitExponent(V x, out V exponent);

    /// <summary>Per lane <paramref name="yes"/> where left &lt; right, else <paramref name="no"/> (NaN compares false).</summary>
    /// <remarks>Comparing and selecting are one operation: a mask that is passed on costs two moves more.</remarks>
    static abstract V SelectLess(V left, V right, V yes, V no);
}
