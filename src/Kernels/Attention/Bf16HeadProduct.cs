using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Products of a warp's strips of 16 rows with tiles of a head in shared memory (<see cref="Bf16HeadTile"/>), on tensor cores. Numbers of
/// a strip are blocks of 16 x 8: with g = lane/4 and t = lane%4 a lane has of each block row g (X, Y) and row g + 8 (Z, W) at columns
/// 2t and 2t + 1. Two blocks side by side, rounded and packed, are a left factor again: what is multiplied next changes no hands.
/// </summary>
internal static class Bf16HeadProduct
{
    /// <summary>Reads a strip of rows as a left factor: fragments of 16 channels, and of the last 8 if there are such.</summary>
    /// <param name="rows">Fragment k of the strip at <paramref name="to"/> + k.</param>
    /// <param name="to">Where its fragments begin.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="at">First chunk of the tile.</param>
    /// <param name="row">First row of the strip.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadRows<T>(UInt4[] rows, int to, ArrayView<UInt4> shared, int at, int row) where T : struct, IHeadSize
    {
        var first = at + Bf16HeadTile.AtRows<T>(row);
        for (var k = 0; k < Bf16HeadTile.Pairs<T>(); k++)
        {
            rows[to + k] = TensorCore.LoadMatrices(ref shared[Bf16HeadTile.Further<T>(first, k)]);
        }

        if (Bf16HeadTile.HasLast<T>())
        {
            rows[to + Bf16HeadTile.Pairs<T>()] = TensorCore.LoadMatrices(ref shared[at + Bf16HeadTile.AtLast<T>(row)]);
        }
    }

    /// <summary>
    /// Reads a strip of rows as a left factor from global memory. Through shared memory, so that neighbours read whole rows: 16 rows that
    /// nobody else uses, and that other lanes have read before.
    /// </summary>
    /// <param name="rows">Its fragments, as <see cref="LoadRows{T}"/> has them.</param>
    /// <param name="to">Where they begin.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="row">First of the 16 rows in the tile at the start.</param>
    /// <param name="x">The array.</param>
    /// <param name="at">The strip's first element in it, a multiple of 16 bytes.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="count">Rows from the strip's first to the last there is; zeros behind it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FetchRows<T>(
        UInt4[] rows, int to, ArrayView<UInt4> shared, int row, ArrayView<BFloat16> x, long at, int stride, int count)
        where T : struct, IHeadSize
    {
        var (chunks, source) = (Bf16HeadTile.Chunks<T>(), x.Cast<UInt4>());
        for (var i = 0; i < ((Bf16HeadTile.Strip * chunks) + WarpReduce.Lanes - 1) / WarpReduce.Lanes; i++)
        {
            var number = WarpReduce.Lane + (i * WarpReduce.Lanes);
            var (own, chunk) = (number / chunks, number % chunks);
            if (Bf16HeadTile.Strip * chunks % WarpReduce.Lanes == 0 || own < Bf16HeadTile.Strip)
            {
                shared[Bf16HeadTile.Place<T>(row + own, chunk)] =
                    own < count ? source[((at + ((long)own * stride)) / Bf16Memory.OfChunk) + chunk] : default;
            }
        }

        Warp.Barrier();
        LoadRows<T>(rows, to, shared, 0, row);
    }

    /// <summary>s = a b^T: strips with the rows of a tile.</summary>
    /// <param name="s">Strip i, block j at (columns / 8) i + j.</param>
    /// <param name="a">Strip i, fragment k at (fragments of a row) i + k.</param>
    /// <param name="strips">Strips, a constant.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="at">Where this lane reads b's columns (<see cref="Bf16HeadTile.AtColumns"/>).</param>
    /// <param name="atLast">Where it reads the last 8 channels.</param>
    /// <param name="columns">Rows of b, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyTransposed<T>(
        Float4[] s, UInt4[] a, int strips, ArrayView<UInt4> shared, int at, int atLast, int columns)
        where T : struct, IHeadSize
    {
        for (var j = 0; j < columns / 16; j++)
        {
            var below = 16 * j * Bf16HeadTile.Chunks<T>();
            for (var i = 0; i < strips; i++)
            {
                s[(i * (columns / 8)) + (2 * j)] = default;
                s[(i * (columns / 8)) + (2 * j) + 1] = default;
            }

            for (var k = 0; k < Bf16HeadTile.Pairs<T>(); k++)
            {
                var b = TensorCore.LoadMatrices(ref shared[Bf16HeadTile.Further<T>(at, k) + below]);
                for (var i = 0; i < strips; i++)
                {
                    var (block, left) = ((i * (columns / 8)) + (2 * j), a[(i * Fragments<T>()) + k]);
                    s[block] = TensorCore.MultiplyBf16(left, b.Low, s[block]);
                    s[block + 1] = TensorCore.MultiplyBf16(left, b.High, s[block + 1]);
                }
            }

            if (Bf16HeadTile.HasLast<T>())
            {
                var b = TensorCore.LoadMatrices(ref shared[atLast + below]);
                for (var i = 0; i < strips; i++)
                {
                    var (block, left) = ((i * (columns / 8)) + (2 * j), a[(i * Fragments<T>()) + Bf16HeadTile.Pairs<T>()].Low);
                    s[block] = TensorCore.MultiplyBf16(left, b.X, s[block]);
                    s[block + 1] = TensorCore.MultiplyBf16(left, b.Y, s[block + 1]);
                }
            }
        }
    }

    /// <summary>o += p b: strips of weights, rounded to bf16, with the rows of a tile, in ascending order.</summary>
    /// <param name="o">Strip i, block c of channels at (chunks of a row) i + c.</param>
    /// <param name="p">Strip i, block j at (terms / 8) i + j.</param>
    /// <param name="strips">Strips, a constant.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="at">Where this lane reads b's rows (<see cref="Bf16HeadTile.AtRows"/>).</param>
    /// <param name="atLast">Where it reads the last 8 channels.</param>
    /// <param name="terms">Rows of b, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct<T>(
        Float4[] o, Float4[] p, int strips, ArrayView<UInt4> shared, int at, int atLast, int terms)
        where T : struct, IHeadSize
    {
        var chunks = Bf16HeadTile.Chunks<T>();
        for (var j = 0; j < terms / 16; j++)
        {
            var below = 16 * j * chunks;
            for (var c = 0; c < Bf16HeadTile.Pairs<T>(); c++)
            {
                var b = TensorCore.LoadMatricesTransposed(ref shared[Bf16HeadTile.Further<T>(at, c) + below]);
                for (var i = 0; i < strips; i++)
                {
                    var (sum, left) = ((i * chunks) + (2 * c), Packed(p, (i * (terms / 8)) + (2 * j)));
                    o[sum] = TensorCore.MultiplyBf16(left, b.Low, o[sum]);
                    o[sum + 1] = TensorCore.MultiplyBf16(left, b.High, o[sum + 1]);
                }
            }

            if (Bf16HeadTile.HasLast<T>())
            {
                var b = TensorCore.LoadMatricesTransposed(ref shared[atLast + below]);
                for (var i = 0; i < strips; i++)
                {
                    var sum = (i * chunks) + chunks - 1;
                    o[sum] = TensorCore.MultiplyBf16(Packed(p, (i * (terms / 8)) + (2 * j)), b.Low, o[sum]);
                }
            }
        }
    }

    /// <summary>Fragments of a strip of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Fragments<T>() where T : struct, IHeadSize => (Bf16HeadTile.Chunks<T>() + 1) / 2;

    /// <summary>
    /// Rounds a strip of sums and writes it to global memory. Through shared memory, so that neighbours write whole rows: the strip's rows
    /// of a tile, which nobody else uses.
    /// </summary>
    /// <param name="o">The sums: block c of channels at <paramref name="from"/> + c.</param>
    /// <param name="from">Where the strip begins.</param>
    /// <param name="shared">Where tiles lie.</param>
    /// <param name="row">First row of the strip in the tile at the start.</param>
    /// <param name="x">The array.</param>
    /// <param name="at">The strip's first element in it.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="rows">Rows from the strip's first to the last there is.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(
        Float4[] o, int from, ArrayView<UInt4> shared, int row, ArrayView<BFloat16> x, long at, int stride, int rows)
        where T : struct, IHeadSize
    {
        var (chunks, lane) = (Bf16HeadTile.Chunks<T>(), WarpReduce.Lane);
        var words = shared.Cast<uint>();
        for (var c = 0; c < chunks; c++)
        {
            var (top, bottom) = (Bf16HeadTile.Place<T>(row + (lane / 4), c), Bf16HeadTile.Place<T>(row + (lane / 4) + 8, c));
            var sums = o[from + c];
            words[(4 * top) + (lane & 3)] = TensorCore.PackBf16(sums.X, sums.Y);
            words[(4 * bottom) + (lane & 3)] = TensorCore.PackBf16(sums.Z, sums.W);
        }

        Warp.Barrier();
        for (var i = 0; i < ((Bf16HeadTile.Strip * chunks) + WarpReduce.Lanes - 1) / WarpReduce.Lanes; i++)
        {
            var number = lane + (i * WarpReduce.Lanes);
            var (own, chunk) = (number / chunks, number % chunks);
            if (own < Bf16HeadTile.Strip && own < rows)
            {
                Bf16Memory.StoreChunk(
                    ref x[at + ((long)own * stride) + (Bf16Memory.OfChunk * chunk)], shared[Bf16HeadTile.Place<T>(row + own, chunk)]);
            }
        }
    }

    /// <summary>Two blocks of 16 x 8 as a left factor of 16 x 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static UInt4 Packed(Float4[] p, int block)
    {
        var (low, high) = (Bf16Memory.Narrow(p[block]), Bf16Memory.Narrow(p[block + 1]));
        return new() { X = low.X, Y = low.Y, Z = high.X, W = high.Y };
    }
}
