using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Products of a thread's four own rows (16 apart) with four passing rows (8 apart), in registers: a pack for each own
/// row. Eight packs are read from shared memory for 64 fused multiply-adds.
/// </summary>
internal struct ScoreTile
{
    /// <summary>Own rows of a block.</summary>
    public const int Own = 4 * AttentionTile.Down;

    /// <summary>Packs from a thread's row of weights to its next.</summary>
    public const int NextWeightRow = AttentionTile.Down * AttentionTile.WeightRowPacks;

    public Float4 Row0;
    public Float4 Row1;
    public Float4 Row2;
    public Float4 Row3;

    /// <summary>The products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScoreTile Multiply<T>(ArrayView<Float4> own, ArrayView<Float4> passing) where T : struct, IHeadSize
    {
        var nextOwn = AttentionTile.Down * AttentionTile.RowPacks(T.Size);
        var nextPassing = AttentionTile.Across * AttentionTile.RowPacks(T.Size);
        var at = AttentionTile.Y * AttentionTile.RowPacks(T.Size);
        var other = AttentionTile.X * AttentionTile.RowPacks(T.Size);
        var tile = default(ScoreTile);
        for (var pack = 0; pack < T.Size / 4; pack++)
        {
            var x = passing[other + pack];
            var y = passing[other + pack + nextPassing];
            var z = passing[other + pack + (2 * nextPassing)];
            var w = passing[other + pack + (3 * nextPassing)];
            tile.Row0.AddDots(own[at + pack], x, y, z, w);
            tile.Row1.AddDots(own[at + pack + nextOwn], x, y, z, w);
            tile.Row2.AddDots(own[at + pack + (2 * nextOwn)], x, y, z, w);
            tile.Row3.AddDots(own[at + pack + (3 * nextOwn)], x, y, z, w);
        }

        return tile;
    }

    /// <summary>Puts them down as weights for <see cref="HeadTile{T}.AddRows"/>, which the same warp reads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(ArrayView<Float4> weights)
    {
        var floats = weights.Cast<float>();
        var at = (4 * AttentionTile.Y * AttentionTile.WeightRowPacks) + AttentionTile.X;
        StoreRow(floats, at, Row0);
        StoreRow(floats, at + (4 * NextWeightRow), Row1);
        StoreRow(floats, at + (8 * NextWeightRow), Row2);
        StoreRow(floats, at + (12 * NextWeightRow), Row3);
    }

    /// <summary>One own row of weights, from this thread's place across.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRow(ArrayView<float> weights, int at, Float4 row)
    {
        weights[at] = row.X;
        weights[at + AttentionTile.Across] = row.Y;
        weights[at + (2 * AttentionTile.Across)] = row.Z;
        weights[at + (3 * AttentionTile.Across)] = row.W;
    }
}
