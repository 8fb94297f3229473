using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// How a vector meets memory: whole, or its first lanes only. A kernel's inner step is written once against this and
/// compiled twice, for the body of a row and for its tail.
/// </summary>
/// <typeparam name="V">The vector.</typeparam>
public unsafe interface ILanes<V> where V : struct, ISimd<V>
{
    /// <summary>Loads <paramref name="count"/> lanes, zero in the others.</summary>
    static abstract V Load(float* source, int count);

    /// <summary>Stores <paramref name="count"/> lanes and touches no other memory.</summary>
    static abstract void Store(float* destination, V value, int count);

    /// <summary>The first <paramref name="count"/> lanes of <paramref name="value"/>, <paramref name="rest"/> in the others.</summary>
    static abstract V Pad(V value, V rest, int count);
}

/// <summary>All lanes: the count is known to be that of the vector.</summary>
internal readonly unsafe struct AllLanes<V> : ILanes<V> where V : struct, ISimd<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(float* source, int count) => V.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, V value, int count) => V.Store(destination, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Pad(V value, V rest, int count) => value;
}

/// <summary>The first lanes: a tail shorter than the vector.</summary>
internal readonly unsafe struct FirstLanes<V> : ILanes<V> where V : struct, ISimd<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(float* source, int count) => V.LoadFirst(source, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, V value, int count) => V.StoreFirst(destination, value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Pad(V value, V rest, int count) =>
        V.SelectLess(V.Load(LaneNumbers), V.Broadcast(count), value, rest);

    /// <summary>0 to 15; the array is data of the program and does not move.</summary>
    private static float* LaneNumbers
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            var numbers = (ReadOnlySpan<float>)[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
            var address = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(numbers));
            HostBounds.AllowConstant(address, numbers.Length * sizeof(float));
            return address;
        }
    }
}
