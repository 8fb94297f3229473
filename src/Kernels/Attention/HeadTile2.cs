using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Rows of heads in shared memory, as packs of four floats with one pack of padding, for 128 threads that stand 16 down and 8
/// across: eight threads across that read one pack each of eight rows, or eight packs of one row, meet eight different groups of
/// banks. A warp is 4 down and 8 across, so the rows of a thread belong to its warp alone. Of every 32 channels a thread has
/// one pack, and of the 8 that may be left (the tail) one float.
/// </summary>
internal static class HeadTile
{
    public const int Across = 8, Down = 16;

    /// <summary>Floats in a row of probabilities: 32 and 8 of padding, for the four rows that a warp writes at once.</summary>
    public const int WeightStride = 40;

    /// <summary>Packs in a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Stride<T>() where T : struct, IHeadSize => (T.Size / 4) + 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Stage<T>(
        ArrayView<Float4> tile, int count, ArrayView<float> x, long first, int stride, int row, int rows, int size)
        where T : struct, IHeadSize => AttentionTile.Stage<T>(tile, count, x, first, stride, row, rows, size);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasTail<T>() where T : struct, IHeadSize => (T.Size & 31) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Tail<T>(ArrayView<Float4> tile, int row) where T : struct, IHeadSize =>
        tile.Cast<float>()[(4 * row * Stride<T>()) + (T.Size & ~31) + (Group.IdxX & (Across - 1))];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePack<T>(ArrayView<float> x, long row, int channel, int size, Float4 pack) where T : struct, IHeadSize
    {
        if (T.IsFilled || channel < size)
        {
            GlobalMemory.Store4(ref x[row + channel], pack);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreTail<T>(ArrayView<float> x, long row, int size, float value) where T : struct, IHeadSize
    {
        var channel = (T.Size & ~31) + (Group.IdxX & (Across - 1));
        if (HasTail<T>() && (T.IsFilled || channel < size))
        {
            x[row + channel] = value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(float x) => AttentionTile.MaxAcross(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumAcross(float x) => AttentionTile.SumAcross(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(float x, float y) => x > y ? x : y;
}
