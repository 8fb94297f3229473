namespace DPT.Engine.Kernels;

/// <summary>
/// A vector of floats of some width. Kernels are written once against this interface; the JIT compiles them for
/// each implementing struct and inlines every member, so there is no cost and no copy of a kernel per width.
/// </summary>
/// <typeparam name="V">The implementing struct.</typeparam>
public unsafe interface ISimd<V> : IReal<V> where V : struct, ISimd<V>
{
    /// <summary>Number of lanes.</summary>
    static abstract int Count { get; }

    /// <summary>Count floats from an address of any alignment.</summary>
    static abstract V Load(float* source);

    /// <summary>Count floats to an address of any alignment.</summary>
    static abstract void Store(float* destination, V value);

    /// <summary>The first <paramref name="count"/> lanes from memory, zero in the others. 0 &lt;= count &lt; Count.</summary>
    static abstract V LoadFirst(float* source, int count);

    /// <summary>Stores the first <paramref name="count"/> lanes and touches no other memory. 0 &lt;= count &lt; Count.</summary>
    static abstract void StoreFirst(float* destination, V value, int count);

    /// <summary>Sum of the lanes in a fixed order.</summary>
    static abstract float Sum(V value);

    /// <summary>The largest lane; not for NaN.</summary>
    static abstract float MaxLane(V value);

    /// <summary>
    /// Transposes a square of Count by Count floats: element c of row r of <paramref name="from"/> becomes element r of row
    /// c of <paramref name="to"/>. The two must not overlap.
    /// </summary>
    static abstract void Transpose<TFrom, TTo>(TFrom from, TTo to)
        where TFrom : struct, ISquareRows
        where TTo : struct, ISquareRows;
}
