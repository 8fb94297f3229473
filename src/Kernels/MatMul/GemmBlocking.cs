namespace DPT.Engine.Kernels;

/// <summary>
/// How a product is cut, from its shape and the width of vectors alone: blocks of terms so that a panel of B stays in
/// the first-level cache, chunks of rows and columns so that a piece of work stays in the second, and, for the gradient of
/// a weight, runs of terms that are summed apart and added in order at the end.
/// </summary>
/// <remarks>
/// Where the rows of A are rows of a batch, only N and K decide how a sum is cut: a row of C has the same bits in whatever
/// batch it is computed. Chunks of rows and columns cut no sum.
/// </remarks>
internal readonly struct GemmBlocking
{
    /// <summary>Most terms in a block.</summary>
    public const int MaxTerms = 288;

    /// <summary>Most rows in a piece of work; whole tiles.</summary>
    public const int MaxRows = 96;

    /// <summary>Most columns in a piece of work; whole tiles at every width.</summary>
    public const int MaxColumns = 512;

    /// <summary>Pieces that keep some threads busy to the end; where there are fewer, they get fewer rows.</summary>
    private const int WantedPieces = 12;

    private const int MinRows = 4 * GemmMicroKernel.Rows;

    /// <summary>
    /// The gradient of a weight (A is transposed) sums over the tokens of a batch. Cut along the tokens, each thread reads
    /// those that it computed itself, and packs them for itself alone. The price is sums that are added at the end.
    /// </summary>
    private const int MaxRuns = 4;

    private const int MinTermsOfRun = 256;

    /// <summary>Most elements of C that are summed in runs.</summary>
    private const int MaxSummedApart = 512 * 512;

    public GemmBlocking(in MatMulCall call, int tileColumns)
    {
        var (m, n, k) = (call.M, call.N, call.K);
        Runs = call.TransposeA && (long)m * n <= MaxSummedApart ? Math.Clamp(k / MinTermsOfRun, 1, MaxRuns) : 1;
        TermsOfRun = Parts(k, Runs);
        Runs = Parts(k, TermsOfRun);
        Terms = EvenPart(TermsOfRun, MaxTerms, 1);
        BlocksOfRun = Parts(TermsOfRun, Terms);
        Columns = EvenPart(n, MaxColumns, tileColumns);
        ColumnChunks = Parts(n, Columns);
        var rows = (int)Math.Min((long)m * ColumnChunks * Runs / WantedPieces, MaxRows);
        Rows = EvenPart(m, Math.Max(rows, MinRows), GemmMicroKernel.Rows);
        RowChunks = Parts(m, Rows);
    }

    /// <summary>Terms in a block; the last of a run may have fewer.</summary>
    public int Terms { get; }

    /// <summary>Rows in a chunk, whole tiles; the last may have fewer.</summary>
    public int Rows { get; }

    /// <summary>Columns in a chunk, whole tiles; the last may have fewer.</summary>
    public int Columns { get; }

    public int RowChunks { get; }

    public int ColumnChunks { get; }

    /// <summary>Runs of terms that have sums of their own; usually 1.</summary>
    public int Runs { get; }

    /// <summary>Terms in a run; the last may have fewer.</summary>
    public int TermsOfRun { get; }

    /// <summary>Blocks of terms in a run; the last run may have fewer.</summary>
    public int BlocksOfRun { get; }

    /// <summary>How many parts of that size cover the whole.</summary>
    public static int Parts(int whole, int part) => (int)(((long)whole + part - 1) / part);

    /// <summary>Cuts into as few parts as allowed and makes them as equal as whole units permit.</summary>
    private static int EvenPart(int whole, int max, int unit)
    {
        var part = Parts(whole, Parts(whole, max));
        return Parts(part, unit) * unit;
    }
}
