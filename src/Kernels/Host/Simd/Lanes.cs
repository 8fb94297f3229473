using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// How a vector meets memory: whole, or its first lanes only. A kernel's inner step is written once against this and
/// compiled twice, for the body of a row and for its tail.
/// </summary>
/// <typeparam name="V">The vector.</typeparam>
internal unsafe interface ILanes<V> where V : struct, ISimd<V>
{
    /// <summary>Loads <paramref name="count"/> lanes, zero in the others.</summary>
    static abstract V Load(float* source, int count);

    /// <summary>Stores <paramref name="count"/> lanes and touches no other memory.</summary>
    static abstract void Store(float* destination, V value, int count);
}

/// <summary>All lanes: the count is known to be that of the vector.</summary>
internal readonly unsafe struct AllLanes<V> : ILanes<V> where V : struct, ISimd<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(float* source, int count) => V.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, V value, int count) => V.Store(destination, value);
}

/// <summary>The first lanes: a tail shorter than the vector.</summary>
internal readonly unsafe struct FirstLanes<V> : ILanes<V> where V : struct, ISimd<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(float* source, int count) => V.LoadFirst(source, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, V value, int count) => V.StoreFirst(destination, value, count);
}
