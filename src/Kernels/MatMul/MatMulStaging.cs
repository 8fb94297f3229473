using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Brings tiles of 8 terms by 64 items (rows of op(A), or columns of op(B)) of one factor from global to shared memory,
/// by 64 threads with two packs of four floats each. In shared memory the items of a term are adjacent, in rows of 68
/// floats: then a column of packs can be written with no two threads at the same bank.
/// </summary>
internal readonly struct MatMulStaging
{
    /// <summary>Terms of a tile.</summary>
    public const int Terms = 8;

    private const int Items = 64;
    private const int Row = Items + 4;

    private readonly MatMulFactor _factor;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MatMulStaging(MatMulFactor factor) => _factor = factor;

    /// <summary>This thread's part of the tile that starts at a term; zeros beyond the edges.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Pair Fetch<T>(int term, int end) where T : struct, IMatMulFactor
    {
        var pair = default(Pair);
        if (T.TermsAreAdjacent)
        {
            // A pair of threads reads 32 bytes of an item, which is what memory delivers at least.
            var item = Group.IdxX / 2;
            term += 4 * (Group.IdxX & 1);
            pair.First = _factor.Load<T>(item, term, end);
            pair.Second = _factor.Load<T>(item + (Items / 2), term, end);
        }
        else
        {
            var item = 4 * (Group.IdxX & 15);
            term += Group.IdxX / 16;
            pair.First = _factor.Load<T>(item, term, end);
            pair.Second = _factor.Load<T>(item, term + (Terms / 2), end);
        }

        return pair;
    }

    /// <summary>What a thread carries of one tile.</summary>
    public struct Pair
    {
        public Float4 First;
        public Float4 Second;

        /// <summary>Puts it into the tile that starts at a float of shared memory.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store<T>(ArrayView<float> shared, int tile) where T : struct, IMatMulFactor
        {
            if (T.TermsAreAdjacent)
            {
                var at = tile + (4 * (Group.IdxX & 1) * Row) + (Group.IdxX / 2);
                StoreColumn(shared, at, First);
                StoreColumn(shared, at + (Items / 2), Second);
            }
            else
            {
                var packs = shared.Cast<Float4>();
                var at = (tile / 4) + (Group.IdxX / 16 * (Row / 4)) + (Group.IdxX & 15);
                packs[at] = First;
                packs[at + (Terms / 2 * (Row / 4))] = Second;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void StoreColumn(ArrayView<float> shared, int at, Float4 pack)
        {
            shared[at] = pack.X;
            shared[at + Row] = pack.Y;
            shared[at + (2 * Row)] = pack.Z;
            shared[at + (3 * Row)] = pack.W;
        }
    }
}
