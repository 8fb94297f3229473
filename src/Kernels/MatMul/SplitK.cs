namespace DPT.Engine.Kernels;

/// <summary>
/// How the K of a weight's gradient (A is transposed) is cut, because C is small and K is as long as the batch: each part is
/// summed by blocks of its own, then the parts are added in ascending order, so the result has the same bits every time. The cut
/// depends on the shape alone; other sums are not cut, so that no row depends on its batch.
/// </summary>
internal readonly struct SplitK
{
    /// <summary>A shorter K is not worth a pass over memory for its sums.</summary>
    private const int MinPartK = 256;

    private const int MaxParts = 64;

    /// <param name="sizes">The product.</param>
    /// <param name="tileM">Rows of C that a block computes.</param>
    /// <param name="tileN">Columns of C that a block computes.</param>
    /// <param name="tileK">K that a block takes at once.</param>
    /// <param name="wantedBlocks">Blocks that keep a large card busy.</param>
    /// <param name="canAdd">Whether parts can be added up afterwards.</param>
    public SplitK(in MatMulSizes sizes, int tileM, int tileN, int tileK, int wantedBlocks, bool canAdd = true)
    {
        var blocks = (long)GridCover.Blocks(sizes.M, tileM) * GridCover.Blocks(sizes.N, tileN);
        var max = sizes.TransposeA && canAdd ? MaxParts : 1;
        var wanted = Math.Clamp(Math.Min(wantedBlocks / blocks, sizes.K / MinPartK), 1, max);
        PartK = GridCover.Blocks(GridCover.Blocks(sizes.K, (int)wanted), tileK) * tileK;
        Parts = GridCover.Blocks(sizes.K, PartK);
        Blocks = blocks * Parts;
    }

    /// <summary>K of a part, whole tiles; the last may have less.</summary>
    public int PartK { get; }

    /// <summary>Number of parts; usually 1.</summary>
    public int Parts { get; }

    /// <summary>Blocks of all parts.</summary>
    public long Blocks { get; }
}
