namespace DPT.Engine.Kernels;

/// <summary>
/// A vector of floats of some width. Kernels are written once against this interface; the JIT compiles them for
/// each implementing struct and inlines every member, so there is no cost and no copy of a kernel per width.
/// </summary>
/// <typeparam name="V">The implementing struct.</typeparam>
internal unsafe interface ISimd<V> where V : struct, ISimd<V>
{
    /// <summary>Number of lanes.</summary>
    static abstract int Count { get; }

    static abstract V Zero { get; }

    static abstract V Broadcast(float value);

    static abstract V Load(float* source);

    static abstract void Store(float* destination, V value);

    /// <summary>The first <paramref name="count"/> lanes from memory, zero in the others. 0 &lt;= count &lt; Count.</summary>
    static abstract V LoadFirst(float* source, int count);

    /// <summary>Stores the first <paramref name="count"/> lanes and touches no other memory. 0 &lt;= count &lt; Count.</summary>
    static abstract void StoreFirst(float* destination, V value, int count);

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

    /// <summary>All bits set in the lanes where left &lt; right, no bits elsewhere (NaN compares false).</summary>
    static abstract V LessThan(V left, V right);

    /// <summary>Per lane <paramref name="yes"/> where the mask has all bits set, else <paramref name="no"/>.</summary>
    static abstract V Select(V mask, V yes, V no);

    /// <summary>Sum of the lanes in a fixed order.</summary>
    static abstract float Sum(V value);

    static abstract float MaxLane(V value);

    /// <summary>
    /// Transposes a square of Count by Count floats: element c of row r of the source becomes element r of row c of the
    /// destination. The two must not overlap.
    /// </summary>
    static abstract void Transpose(float* source, nint sourceStride, float* destination, nint destinationStride);
}
