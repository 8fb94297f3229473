namespace DPT.Engine.Kernels;

/// <summary>
/// How a product is cut, from its shape and the width of vectors alone: blocks of terms so that a panel of B stays in
/// the first-level cache, chunks of rows and columns so that a piece of work stays in the second.
/// </summary>
internal readonly struct GemmBlocking
{
    /// <summary>Most terms in a block.</summary>
    public const int MostTerms = 384;

    /// <summary>Most rows in a piece of work; whole tiles.</summary>
    public const int MostRows = 96;

    /// <summary>Most columns in a piece of work; whole tiles at every width.</summary>
    public const int MostColumns = 512;

    public GemmBlocking(int m, int n, int k, int tileColumns)
    {
        Terms = EvenPart(k, MostTerms, 1);
        Rows = EvenPart(m, MostRows, GemmMicroKernel.Rows);
        Columns = EvenPart(n, MostColumns, tileColumns);
        TermBlocks = Parts(k, Terms);
        RowChunks = Parts(m, Rows);
        ColumnChunks = Parts(n, Columns);
    }

    public int Terms { get; }

    public int Rows { get; }

    public int Columns { get; }

    public int TermBlocks { get; }

    public int RowChunks { get; }

    public int ColumnChunks { get; }

    /// <summary>How many parts of that size cover the whole.</summary>
    public static int Parts(int whole, int part) => (int)(((long)whole + part - 1) / part);

    /// <summary>Cuts into as few parts as allowed and makes them as equal as whole units permit.</summary>
    private static int EvenPart(int whole, int most, int unit)
    {
        var part = Parts(whole, Parts(whole, most));
        return Parts(part, unit) * unit;
    }
}
