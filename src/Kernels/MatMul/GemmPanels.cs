namespace DPT.Engine.Kernels;

/// <summary>
/// Where the packed panels of B lie and how one is packed. Usually each thread packs for itself what its pieces need, when
/// they need it: a panel that another core has just written costs more to fetch than to pack again. A B so large that a
/// copy for each thread is too much, or that many threads share for few rows, is packed once by all of them beforehand.
/// Where a large B has long sums that are cut into runs, a thread keeps one block of terms at a time.
/// </summary>
internal readonly unsafe struct GemmPanels<V> where V : struct, ISimd<V>
{
    /// <summary>Largest B of which each thread has its own.</summary>
    private const long MaxPrivate = 2L << 20;

    /// <summary>Rows of C for each thread that are worth a packing of its own.</summary>
    private const int MinRowsOfThread = 48;

    private readonly MatMulCall _call;
    private readonly GemmBlocking _blocking;
    private readonly int _panelsOfBlock;

    public GemmPanels(in MatMulCall call, in GemmBlocking blocking, int threads)
    {
        _call = call;
        _blocking = blocking;
        _panelsOfBlock = GemmBlocking.Parts(call.N, Width);
        var isSmall = (long)call.K * _panelsOfBlock * Width <= MaxPrivate;
        AreOfOneBlock = blocking.Runs > 1 && !isSmall;
        ArePrivate = blocking.Runs > 1
            || (isSmall && (blocking.RowChunks == 1 || call.M >= (long)MinRowsOfThread * threads));
    }

    /// <summary>Whether each thread packs its own.</summary>
    public bool ArePrivate { get; }

    /// <summary>Whether there is room for the panels of one block of terms only.</summary>
    public bool AreOfOneBlock { get; }

    /// <summary>Number of panels that there is room for.</summary>
    public int Count => (AreOfOneBlock ? 1 : _blocking.Runs * _blocking.BlocksOfRun) * _panelsOfBlock;

    /// <summary>Floats of these panels.</summary>
    public long Floats => (long)(AreOfOneBlock ? _blocking.Terms : _call.K) * _panelsOfBlock * Width;

    /// <summary>Number of the panel of a block of terms (counted over all runs) at a column of a tile.</summary>
    public int IndexOf(int block, int column) => ((AreOfOneBlock ? 0 : block) * _panelsOfBlock) + (column / Width);

    /// <summary>A panel among those that start at <paramref name="panels"/>.</summary>
    public float* At(float* panels, int firstTerm, int terms, int column) =>
        panels + (AreOfOneBlock ? 0 : (nint)firstTerm * _panelsOfBlock * Width) + ((nint)column * terms);

    private static int Width => GemmMicroKernel.Columns<V>();

    /// <summary>Packs one panel to its place.</summary>
    public void Pack(float* panels, int firstTerm, int terms, int column)
    {
        var b = (float*)_call.B.Address;
        var columns = Math.Min(Width, _call.N - column);
        var panel = At(panels, firstTerm, terms, column);
        if (_call.TransposeB)
        {
            GemmPacking.PanelOfTransposedB<V>(b + ((nint)column * _call.RowB) + firstTerm, _call.RowB, terms, columns, panel);
        }
        else
        {
            GemmPacking.PanelOfB<V>(b + ((nint)firstTerm * _call.RowB) + column, _call.RowB, terms, columns, panel);
        }
    }
}
