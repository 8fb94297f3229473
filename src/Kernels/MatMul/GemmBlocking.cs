namespace DPT.Engine.Kernels;

/// <summary>
/// How a product is cut, from its shape and the width of vectors alone, in the names of BLIS: blocks of K (kc) so that a panel
/// of B stays in the first-level cache, chunks of rows and columns (mc, nc) so that a work item stays in the second, and, for the
/// gradient of a weight, a K split into parts, whose sums are added in order at the end.
/// </summary>
/// <remarks>
/// Where the rows of A are rows of a batch, only N and K decide how a sum is cut: a row of C has the same bits in whatever
/// batch it is computed. Chunks of rows and columns cut no sum.
/// </remarks>
internal readonly struct GemmBlocking
{
    /// <summary>The largest kc.</summary>
    public const int MaxKc = 288;

    /// <summary>The largest mc; whole tiles.</summary>
    public const int MaxMc = 96;

    /// <summary>The largest nc; whole tiles at every width.</summary>
    public const int MaxNc = 512;

    /// <summary>Work items that keep some threads busy to the end; where there are fewer, they get fewer rows.</summary>
    private const int WantedWorkItems = 12;

    private const int MinRows = 4 * GemmMicroKernel.Rows;

    /// <summary>
    /// The gradient of a weight (A is transposed) sums over the tokens of a batch. Cut along the tokens, each thread reads
    /// those that it computed itself, and packs them for itself alone. The price is sums that are added at the end.
    /// </summary>
    private const int MaxParts = 4;

    private const int MinPartK = 256;

    /// <summary>The most elements of a C whose K is split.</summary>
    private const int MaxSplitElements = 512 * 512;

    public GemmBlocking(in MatMulCall call, int tileColumns)
    {
        var (m, n, k) = (call.M, call.N, call.K);
        Parts = call.TransposeA && (long)m * n <= MaxSplitElements ? Math.Clamp(k / MinPartK, 1, MaxParts) : 1;
        PartK = CeilDiv(k, Parts);
        Parts = CeilDiv(k, PartK);
        Kc = EvenPart(PartK, MaxKc, 1);
        BlocksOfPart = CeilDiv(PartK, Kc);
        Nc = EvenPart(n, MaxNc, tileColumns);
        ColumnChunks = CeilDiv(n, Nc);
        var rows = (int)Math.Min((long)m * ColumnChunks * Parts / WantedWorkItems, MaxMc);
        Mc = EvenPart(m, Math.Max(rows, MinRows), GemmMicroKernel.Rows);
        RowChunks = CeilDiv(m, Mc);
    }

    /// <summary>Length of a block of K; the last of a part may be shorter.</summary>
    public int Kc { get; }

    /// <summary>Rows in a chunk, whole tiles; the last may have fewer.</summary>
    public int Mc { get; }

    /// <summary>Columns in a chunk, whole tiles; the last may have fewer.</summary>
    public int Nc { get; }

    public int RowChunks { get; }

    public int ColumnChunks { get; }

    /// <summary>Parts of K that have sums of their own; usually 1.</summary>
    public int Parts { get; }

    /// <summary>Length of a part of K; the last may be shorter.</summary>
    public int PartK { get; }

    /// <summary>Blocks of K in a part; the last part may have fewer.</summary>
    public int BlocksOfPart { get; }

    /// <summary>How many parts of that size cover the whole.</summary>
    public static int CeilDiv(int whole, int part) => (int)(((long)whole + part - 1) / part);

    /// <summary>Cuts into as few parts as allowed and makes them as equal as whole units permit.</summary>
    private static int EvenPart(int whole, int max, int unit)
    {
        var part = CeilDiv(whole, CeilDiv(whole, max));
        return CeilDiv(part, unit) * unit;
    }
}
