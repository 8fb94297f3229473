namespace DPT.Engine.Kernels;

/// <summary>
/// Arithmetic on floats of some number of lanes. What is written against it is written once: for vectors of the host at
/// every width, and for one thread of a GPU.
/// </summary>
/// <typeparam name="V">The implementing struct.</typeparam>
internal interface IReal<V> where V : struct, IReal<V>
{
    static abstract V Zero { get; }

    static abstract V Broadcast(float value);

    static abstract V operator +(V left, V right);

    static abstract V operator -(V left, V right);

    static abstract V operator *(V left, V right);

    static abstract V operator /(V left, V right);

    /// <summary>a * b + c, rounded once where the processor can.</summary>
    static abstract V Fma(V a, V b, V c);

    static abstract V Min(V left, V right);

    static abstract V Max(V left, V right);

    static abstract V Abs(V value);

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
