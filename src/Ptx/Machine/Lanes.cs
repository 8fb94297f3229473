using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace DPT.Engine.Ptx;

/// <summary>The 32 lanes of a warp: masks of a bit per lane, and values as arrays of 32.</summary>
internal static unsafe class Lanes
{
    public const int Count = 32;
    public const uint All = uint.MaxValue;

    /// <summary>All bits set in the elements whose lane is in the mask; element 0 is lane <paramref name="first"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Expand<T>(uint mask, int first) where T : unmanaged
    {
        if (sizeof(T) == 8)
        {
            var bits = Vector512.Create(1L, 2, 4, 8, 16, 32, 64, 128);
            return Vector512.Equals(Vector512.Create((long)(mask >> first)) & bits, bits).As<long, T>();
        }

        return sizeof(T) == 4
            ? Expand16(mask >> first).As<uint, T>()
            : Vector512.Narrow(Expand16(mask), Expand16(mask >> 16)).As<ushort, T>();
    }

    /// <summary>Stores the elements whose lane is in the mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(Vector512<T> value, T* register, uint mask, int first) where T : unmanaged
    {
        if (mask != All)
        {
            value = Vector512.ConditionalSelect(Expand<T>(mask, first), value, Vector512.Load(register + first));
        }

        value.Store(register + first);
    }

    /// <summary>Whether lane i has the address of lane 0 plus i times the bytes.</summary>
    public static bool AreContiguous(ulong* addresses, int bytes)
    {
        var step = Vector512.Create(0UL, 1, 2, 3, 4, 5, 6, 7) * (ulong)bytes;
        var expected = Vector512.Create(addresses[0]) + step;
        var same = Vector512.Equals(expected, Vector512.Load(addresses));
        for (var first = 8; first < Count; first += 8)
        {
            expected += Vector512.Create((ulong)bytes * 8);
            same &= Vector512.Equals(expected, Vector512.Load(addresses + first));
        }

        return same == Vector512<ulong>.AllBitsSet;
    }

    /// <summary>So many lanes, from one on.</summary>
    public static uint From(int lane, int count) => (uint)((1UL << count) - 1) << lane;

    /// <summary>The least and the largest address of all lanes.</summary>
    public static (ulong Least, ulong Most) Range(ulong* addresses)
    {
        var (least, most) = (Vector512.Load(addresses), Vector512.Load(addresses));
        for (var first = Vector512<ulong>.Count; first < Count; first += Vector512<ulong>.Count)
        {
            var next = Vector512.Load(addresses + first);
            (least, most) = (Vector512.Min(least, next), Vector512.Max(most, next));
        }

        var halves = (Vector256.Min(least.GetLower(), least.GetUpper()), Vector256.Max(most.GetLower(), most.GetUpper()));
        var (low, high) = (halves.Item1[0], halves.Item2[0]);
        for (var i = 1; i < Vector256<ulong>.Count; i++)
        {
            (low, high) = (Math.Min(low, halves.Item1[i]), Math.Max(high, halves.Item2[i]));
        }

        return (low, high);
    }

    /// <summary>The lanes of the mask that have the address of its lowest one.</summary>
    public static uint WithAddressOf(ulong* addresses, uint mask) =>
        SameAs(addresses, addresses[BitOperations.TrailingZeroCount(mask)]) & mask;

    /// <summary>The lanes of the mask whose address a lower lane of it has as well.</summary>
    public static uint Repeated(ulong* addresses, uint mask)
    {
        if (AreAscending(addresses))
        {
            return 0;
        }

        var repeated = 0u;
        for (var rest = mask; rest != 0; rest &= rest - 1)
        {
            var lane = BitOperations.TrailingZeroCount(rest);
            repeated |= SameAs(addresses, addresses[lane]) & mask & ~((2u << lane) - 1);
        }

        return repeated;
    }

    /// <summary>The lanes whose address is that many bytes behind the address of the lane below.</summary>
    public static uint Behind(ulong* addresses, int bytes)
    {
        var step = Vector512.Create((ulong)bytes);
        return (At(0) | At(8) | At(16) | At(23)) << 1;

        uint At(int first)
        {
            var isBehind = Vector512.Equals(Vector512.Load(addresses + first) + step, Vector512.Load(addresses + first + 1));
            return (uint)isBehind.ExtractMostSignificantBits() << first;
        }
    }

    /// <summary>Whether every lane has a larger address than the one below it.</summary>
    private static bool AreAscending(ulong* addresses)
    {
        var ascends = Vector512.GreaterThan(Vector512.Load(addresses + 1), Vector512.Load(addresses))
            & Vector512.GreaterThan(Vector512.Load(addresses + 9), Vector512.Load(addresses + 8))
            & Vector512.GreaterThan(Vector512.Load(addresses + 17), Vector512.Load(addresses + 16))
            & Vector512.GreaterThan(Vector512.Load(addresses + 24), Vector512.Load(addresses + 23));
        return ascends == Vector512<ulong>.AllBitsSet;
    }

    /// <summary>The lanes that have that address.</summary>
    private static uint SameAs(ulong* addresses, ulong address)
    {
        var wanted = Vector512.Create(address);
        var lanes = 0u;
        for (var first = 0; first < Count; first += 8)
        {
            lanes |= (uint)Vector512.Equals(Vector512.Load(addresses + first), wanted).ExtractMostSignificantBits() << first;
        }

        return lanes;
    }

    private static Vector512<uint> Expand16(uint mask)
    {
        var bits = Vector512.Create(
            1u, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768);
        return Vector512.Equals(Vector512.Create(mask) & bits, bits);
    }
}
