namespace DPT.Engine.Kernels;

/// <summary>A block of the left factor: so many rows by so many of K.</summary>
internal struct GemmBlock
{
    public int FirstRow;
    public int Rows;
    public int FirstK;
    public int Kc;
}

/// <summary>
/// The two factors of a product, as its work items see them: tiles of six rows of the left one, where they lie or packed for a
/// work item, and packed panels of the right one. What a row or a column is made of is the implementer's business: rows of a
/// matrix, or windows of an image.
/// </summary>
/// <typeparam name="TLeft">How the micro-kernel walks the rows of a tile.</typeparam>
internal unsafe interface IGemmFactors<TLeft> where TLeft : struct, ILeftFactor
{
    /// <summary>Floats that a thread needs for the left factor of a work item; none where rows are read in place.</summary>
    /// <param name="rows">Most rows of a block.</param>
    /// <param name="kc">Most of K of a block.</param>
    long LeftFloats(int rows, int kc);

    /// <summary>Packs a block of the left factor, if it is not read in place.</summary>
    void PackLeft(in GemmBlock block, float* packed);

    /// <summary>A tile of a block that was packed.</summary>
    /// <param name="block">The block.</param>
    /// <param name="row">First row of the tile in the block.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="packed">What was packed.</param>
    TLeft Left(in GemmBlock block, int row, int rows, float* packed);

    /// <summary>Packs a panel of the right factor: <see cref="GemmMicroKernel.Columns{V}"/> elements for each k, zeros where there is no column.</summary>
    void PackRight<V>(int firstK, int kc, int column, int columns, float* panel) where V : struct, ISimd<V>;
}
