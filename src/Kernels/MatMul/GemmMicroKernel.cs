using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace DPT.Engine.Kernels;

/// <summary>
/// The innermost product: a tile of 6 rows by 2 vectors of C in twelve registers. With two registers for B and one
/// for A that fills the sixteen of AVX2, and twelve independent sums hide the latency of the multiply-add.
/// </summary>
internal static unsafe class GemmMicroKernel
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 6;

    /// <summary>Columns of a tile.</summary>
    public static int Columns<V>() where V : struct, ISimd<V> => 2 * V.Count;

    /// <summary>Floats in a tile.</summary>
    public static int Tile<V>() where V : struct, ISimd<V> => Rows * Columns<V>();

    /// <summary>tile = A B + start over <paramref name="depth"/> of K.</summary>
    /// <param name="depth">The kc of the block; at least 1.</param>
    /// <param name="a">The rows of A; the last is repeated for those that do not exist.</param>
    /// <param name="b">Panel of B: <see cref="Columns{V}"/> elements for each k.</param>
    /// <param name="start">What is added to the sums; null for nothing.</param>
    /// <param name="startStride">Elements from one row of <paramref name="start"/> to the next.</param>
    /// <param name="bias">Two vectors that are added to each row of sums; null for nothing.</param>
    /// <param name="tile">Where the sums go: six rows of two vectors. May be the same memory as start.</param>
    /// <param name="tileStride">Elements from one row of <paramref name="tile"/> to the next.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<V, TLeft>(
        int depth, in TLeft a, float* b, float* start, nint startStride, float* bias, float* tile, nint tileStride)
        where V : struct, ISimd<V>
        where TLeft : struct, ILeftFactor
    {
        V c00 = V.Zero, c01 = V.Zero, c10 = V.Zero, c11 = V.Zero, c20 = V.Zero, c21 = V.Zero;
        V c30 = V.Zero, c31 = V.Zero, c40 = V.Zero, c41 = V.Zero, c50 = V.Zero, c51 = V.Zero;
        PrefetchRows(start, startStride);
        var left = a;
        float* a0 = left.Row(0), a1 = left.Row(1), a2 = left.Row(2), a3 = left.Row(3), a4 = left.Row(4), a5 = left.Row(5);
        var end = b + ((nint)depth * 2 * V.Count);
        for (var k = left.FirstK; b < end; k = left.Next(k))
        {
            var distance = left.Distance(k);
            var b0 = V.Load(b);
            var b1 = V.Load(b + V.Count);
            b += 2 * V.Count;

            var x = V.Broadcast(Element(a0, distance));
            c00 = V.Fma(x, b0, c00);
            c01 = V.Fma(x, b1, c01);
            x = V.Broadcast(Element(a1, distance));
            c10 = V.Fma(x, b0, c10);
            c11 = V.Fma(x, b1, c11);
            x = V.Broadcast(Element(a2, distance));
            c20 = V.Fma(x, b0, c20);
            c21 = V.Fma(x, b1, c21);
            x = V.Broadcast(Element(a3, distance));
            c30 = V.Fma(x, b0, c30);
            c31 = V.Fma(x, b1, c31);
            x = V.Broadcast(Element(a4, distance));
            c40 = V.Fma(x, b0, c40);
            c41 = V.Fma(x, b1, c41);
            x = V.Broadcast(Element(a5, distance));
            c50 = V.Fma(x, b0, c50);
            c51 = V.Fma(x, b1, c51);
        }

        if (bias != null)
        {
            var b0 = V.Load(bias);
            var b1 = V.Load(bias + V.Count);
            c00 += b0;
            c01 += b1;
            c10 += b0;
            c11 += b1;
            c20 += b0;
            c21 += b1;
            c30 += b0;
            c31 += b1;
            c40 += b0;
            c41 += b1;
            c50 += b0;
            c51 += b1;
        }

        if (start != null)
        {
            c00 += V.Load(start);
            c01 += V.Load(start + V.Count);
            start += startStride;
            c10 += V.Load(start);
            c11 += V.Load(start + V.Count);
            start += startStride;
            c20 += V.Load(start);
            c21 += V.Load(start + V.Count);
            start += startStride;
            c30 += V.Load(start);
            c31 += V.Load(start + V.Count);
            start += startStride;
            c40 += V.Load(start);
            c41 += V.Load(start + V.Count);
            start += startStride;
            c50 += V.Load(start);
            c51 += V.Load(start + V.Count);
        }

        V.Store(tile, c00);
        V.Store(tile + V.Count, c01);
        tile += tileStride;
        V.Store(tile, c10);
        V.Store(tile + V.Count, c11);
        tile += tileStride;
        V.Store(tile, c20);
        V.Store(tile + V.Count, c21);
        tile += tileStride;
        V.Store(tile, c30);
        V.Store(tile + V.Count, c31);
        tile += tileStride;
        V.Store(tile, c40);
        V.Store(tile + V.Count, c41);
        tile += tileStride;
        V.Store(tile, c50);
        V.Store(tile + V.Count, c51);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Element(float* row, nint distance)
    {
        HostBounds.Check(row + distance, 1);
        return row[distance];
    }

    /// <summary>Fetches what is needed only after the loop: its way from memory is hidden behind the loop.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchRows(float* start, nint stride)
    {
        if (Sse.IsSupported && start != null)
        {
            for (var row = 0; row < Rows; row++)
            {
                Sse.Prefetch0(start + (row * stride));
            }
        }
    }
}
