namespace DPT.Engine.Kernels;

/// <summary>
/// How a product is cut, from its shape and the width of vectors alone: blocks of terms so that a panel of B stays in
/// the first-level cache, chunks of rows and columns so that a piece of work stays in the second, and, where C is small
/// and the sums are long, runs of blocks that are summed apart and added in order at the end.
/// </summary>
internal readonly struct GemmBlocking
{
    /// <summary>Most terms in a block.</summary>
    public const int MostTerms = 384;

    /// <summary>Most rows in a piece of work; whole tiles.</summary>
    public const int MostRows = 96;

    /// <summary>Most columns in a piece of work; whole tiles at every width.</summary>
    public const int MostColumns = 512;

    /// <summary>
    /// Pieces that keep some threads busy to the end. Where there are fewer, long sums are cut into runs, which leaves
    /// rows whole (a transposed A is then read in longer stretches), and short ones get smaller chunks of rows.
    /// </summary>
    private const int WantedPieces = 12;

    private const int LeastRows = 4 * GemmMicroKernel.Rows;

    /// <summary>Least terms in a run that is worth the memory and the addition of its own sums.</summary>
    private const int LeastTermsOfRun = 2 * MostTerms;

    public GemmBlocking(int m, int n, int k, int tileColumns)
    {
        Terms = EvenPart(k, MostTerms, 1);
        TermBlocks = Parts(k, Terms);
        Columns = EvenPart(n, MostColumns, tileColumns);
        ColumnChunks = Parts(n, Columns);
        var rows = k >= 2 * LeastTermsOfRun ? MostRows : (int)Math.Min((long)m * ColumnChunks / WantedPieces, MostRows);
        Rows = EvenPart(m, Math.Max(rows, LeastRows), GemmMicroKernel.Rows);
        RowChunks = Parts(m, Rows);
        var runs = Math.Min(Parts(WantedPieces, RowChunks * ColumnChunks), Math.Max(1, k / LeastTermsOfRun));
        BlocksOfRun = Parts(TermBlocks, runs);
        Runs = Parts(TermBlocks, BlocksOfRun);
    }

    /// <summary>Terms in a block; the last may have fewer.</summary>
    public int Terms { get; }

    /// <summary>Rows in a chunk, whole tiles; the last may have fewer.</summary>
    public int Rows { get; }

    /// <summary>Columns in a chunk, whole tiles; the last may have fewer.</summary>
    public int Columns { get; }

    public int TermBlocks { get; }

    public int RowChunks { get; }

    public int ColumnChunks { get; }

    /// <summary>Runs of blocks of terms that have sums of their own; usually 1.</summary>
    public int Runs { get; }

    /// <summary>Blocks of terms in a run; the last run may have fewer.</summary>
    public int BlocksOfRun { get; }

    public int Pieces => RowChunks * ColumnChunks * Runs;

    /// <summary>How many parts of that size cover the whole.</summary>
    public static int Parts(int whole, int part) => (int)(((long)whole + part - 1) / part);

    /// <summary>Cuts into as few parts as allowed and makes them as equal as whole units permit.</summary>
    private static int EvenPart(int whole, int most, int unit)
    {
        var part = Parts(whole, Parts(whole, most));
        return Parts(part, unit) * unit;
    }
}
