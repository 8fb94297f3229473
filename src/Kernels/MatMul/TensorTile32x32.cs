using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// 32 x 32 sums of a warp in the registers of its lanes: two tensor-core tiles of 16 rows by four of 8 columns.
/// </summary>
internal struct TensorTile32x32
{
    private Strip _top;
    private Strip _bottom;

    /// <summary>Adds the product of 16 terms, whose fragments are read from shared memory.</summary>
    /// <param name="shared">Rows of 4 chunks of 8 halves, swizzled by <see cref="Swizzle"/>.</param>
    /// <param name="a">First of this warp's 32 rows of A.</param>
    /// <param name="b">First of this warp's 32 rows of B transposed.</param>
    /// <param name="chunk">First of the two chunks with the 16 terms.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ArrayView<UInt4> shared, int a, int b, int chunk)
    {
        // Four matrices of A lie as (rows, rows + 8) x (terms, terms + 8); of B as two column tiles with both halves each.
        var lane = Group.IdxX & 31;
        var rowOfA = a + (lane & 15);
        var chunkOfA = chunk + (lane / 16);
        var rowOfB = b + (lane & 7) + (lane / 16 * 8);
        var chunkOfB = chunk + ((lane / 8) & 1);
        var left = TensorCore.LoadMatrices(ref shared[Swizzle(rowOfB, chunkOfB)]);
        var right = TensorCore.LoadMatrices(ref shared[Swizzle(rowOfB + 16, chunkOfB)]);
        _top.Add(TensorCore.LoadMatrices(ref shared[Swizzle(rowOfA, chunkOfA)]), left, right);
        _bottom.Add(TensorCore.LoadMatrices(ref shared[Swizzle(rowOfA + 16, chunkOfA)]), left, right);
    }

    /// <summary>Puts the sums down, row by row.</summary>
    /// <param name="shared">Rows of floats.</param>
    /// <param name="row">Floats of a row: 8 more than a multiple of 32, so that half a warp meets every bank once.</param>
    /// <param name="at">Where the tile starts.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(ArrayView<float> shared, int row, int at)
    {
        var lane = Group.IdxX & 31;
        var pairs = shared.Cast<Float2>();
        at = (at / 2) + (lane / 4 * (row / 2)) + (lane & 3);
        _top.Store(pairs, at, 8 * (row / 2));
        _bottom.Store(pairs, at + (16 * (row / 2)), 8 * (row / 2));
    }

    /// <summary>
    /// Where a chunk of a row lies: the chunks of rows 2i and 2i+1 are exchanged by i, so the eight rows of a matrix
    /// (and the two whole rows that eight lanes write) fill all banks once.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Swizzle(int row, int chunk) => (row * 4) + (chunk ^ ((row / 2) & 3));

    /// <summary>16 rows by 32 columns.</summary>
    private struct Strip
    {
        private Float4 _columns0;
        private Float4 _columns8;
        private Float4 _columns16;
        private Float4 _columns24;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(UInt4 a, UInt4 left, UInt4 right)
        {
            _columns0 = TensorCore.MultiplyBf16(a, new UInt2 { X = left.X, Y = left.Y }, _columns0);
            _columns8 = TensorCore.MultiplyBf16(a, new UInt2 { X = left.Z, Y = left.W }, _columns8);
            _columns16 = TensorCore.MultiplyBf16(a, new UInt2 { X = right.X, Y = right.Y }, _columns16);
            _columns24 = TensorCore.MultiplyBf16(a, new UInt2 { X = right.Z, Y = right.W }, _columns24);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(ArrayView<Float2> pairs, int at, int eightRows)
        {
            Store(pairs, at, eightRows, _columns0);
            Store(pairs, at + 4, eightRows, _columns8);
            Store(pairs, at + 8, eightRows, _columns16);
            Store(pairs, at + 12, eightRows, _columns24);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Store(ArrayView<Float2> pairs, int at, int eightRows, Float4 sums)
        {
            pairs[at] = new Float2 { X = sums.X, Y = sums.Y };
            pairs[at + eightRows] = new Float2 { X = sums.Z, Y = sums.W };
        }
    }
}
