using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// One factor of a product in bf16 on its way to warpgroups: tiles of so many rows of op(A) or columns of op(B) (mn) by 64 of K that
/// bulk copies bring to shared memory. Either way that it lies in memory, what is adjacent there comes in rows of 64 elements with
/// the 128-byte swizzle: along K all mn of the tile behind each other, along mn boxes of 64 by 64. Both take 128 bytes an mn, so a
/// warpgroup's 64 mn start at the same place. Beyond the edges there are zeros.
/// </summary>
/// <typeparam name="T">How the factor lies.</typeparam>
internal static class GroupFactor<T> where T : struct, IOperandLayout
{
    /// <summary>K of a tile.</summary>
    public const int K = 64;

    private const int MnOfBox = 64;

    /// <summary>Bytes of 64 mn of a tile.</summary>
    public const int BytesOf64 = MnOfBox * K * 2;

    /// <summary>The host's side.</summary>
    /// <param name="x">The factor.</param>
    /// <param name="mn">M or N.</param>
    /// <param name="k">K.</param>
    /// <param name="stride">Elements from one of its rows in memory to the next.</param>
    /// <param name="tile">Of mn, at most 256.</param>
    public static TensorTiles Tiles(Slice<BFloat16> x, int mn, int k, int stride, int tile) => T.IsKMajor
        ? TensorTiles.Matrix(x, mn, k, stride, tile, K)
        : TensorTiles.Matrix(x, k, mn, stride, K, MnOfBox);

    /// <summary>Starts the copies of a tile; its bytes count for the barrier.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(int to, TensorMap map, int tile, int mn, int k, int barrier)
    {
        if (T.IsKMajor)
        {
            BulkCopy.Load(to, map, k, mn, barrier);
            return;
        }

        for (var box = 0; box < tile / MnOfBox; box++)
        {
            BulkCopy.Load(to + (box * BytesOf64), map, mn + (box * MnOfBox), k, barrier);
        }
    }

    /// <summary>The descriptor of the first 16 of K.</summary>
    /// <param name="address">In shared memory.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Descriptor(int address) =>
        T.IsKMajor ? WarpGroup.ByTerms(address) : WarpGroup.ByRows(address, BytesOf64);

    /// <summary>The descriptor of 16 of K further on.</summary>
    /// <param name="descriptor">That of the first.</param>
    /// <param name="step">So many times.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong At(ulong descriptor, int step) => descriptor + (ulong)(uint)(step * (T.IsKMajor ? 2 : 128));
}
