using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A row of a head that a warp adds up, for the naive variants in bf16: a lane has four channels, or four more where heads are wider than
/// 128, widened to floats.
/// </summary>
internal static class Bf16WarpRow
{
    /// <summary>Packs of four channels that a lane has: heads have at most 256.</summary>
    public const int Packs = 2;

    /// <summary>sums = 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Clear(Float4[] sums)
    {
        for (var c = 0; c < Packs; c++)
        {
            sums[c] = default;
        }
    }

    /// <summary>Adds up to 32 rows, each times the weight that one lane has for it.</summary>
    /// <param name="sums">This lane's packs.</param>
    /// <param name="weight">The weight of this lane's row.</param>
    /// <param name="x">The array of the rows.</param>
    /// <param name="first">First element of the row of lane 0.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="rows">Rows from that of lane 0 to the last there is.</param>
    /// <param name="size">Elements of a row.</param>
    /// <param name="isPacked">Whether rows start at multiples of 8 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddWeighted(
        Float4[] sums, float weight, ArrayView<BFloat16> x, long first, int stride, int rows, int size, bool isPacked)
    {
        for (var j = 0; j < WarpReduce.Lanes && j < rows; j++)
        {
            var row = first + ((long)j * stride);
            var w = Warp.Shuffle(weight, j);
            for (var c = 0; c < Packs; c++)
            {
                var channel = Channel(c);
                if (channel < size)
                {
                    sums[c].AddScaled(w, Bf16Memory.LoadUpTo4(x, row + channel, size - channel, isPacked));
                }
            }
        }
    }

    /// <summary>Writes a factor times the row, rounded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Float4[] sums, float factor, ArrayView<BFloat16> x, long row, int size, bool isPacked)
    {
        for (var c = 0; c < Packs; c++)
        {
            var channel = Channel(c);
            if (channel < size)
            {
                sums[c].Scale(factor);
                Bf16Memory.StoreUpTo4(x, row + channel, size - channel, isPacked, sums[c]);
            }
        }
    }

    private static int Channel(int pack) => 4 * (WarpReduce.Lane + (WarpReduce.Lanes * pack));
}
