namespace DPT.Engine.Kernels;

/// <summary>
/// Where the packed panels of B lie. Usually each thread packs for itself what its work items need, when
/// they need it: a panel that another core has just written costs more to fetch than to pack again. A B so large that a
/// copy for each thread is too much, or that many threads share for few rows, is packed once by all of them beforehand.
/// Where a large B has a large K that is split, a thread keeps one block of K at a time.
/// </summary>
internal readonly unsafe struct GemmPanels<V> where V : struct, ISimd<V>
{
    /// <summary>Largest B of which each thread has its own.</summary>
    private const long MaxPrivate = 2L << 20;

    /// <summary>Rows of C for each thread that are worth a packing of its own.</summary>
    private const int MinRowsOfThread = 48;

    private readonly int _k;
    private readonly GemmBlocking _blocking;
    private readonly int _panelsOfBlock;

    public GemmPanels(in MatMulCall call, in GemmBlocking blocking, int threads)
    {
        _k = call.K;
        _blocking = blocking;
        _panelsOfBlock = GemmBlocking.CeilDiv(call.N, Width);
        var isSmall = (long)call.K * _panelsOfBlock * Width <= MaxPrivate;
        AreOfOneBlock = blocking.Parts > 1 && !isSmall;
        ArePrivate = blocking.Parts > 1
            || (isSmall && (blocking.RowChunks == 1 || call.M >= (long)MinRowsOfThread * threads));
    }

    /// <summary>Whether each thread packs its own.</summary>
    public bool ArePrivate { get; }

    /// <summary>Whether there is room for the panels of one block of kc only.</summary>
    public bool AreOfOneBlock { get; }

    /// <summary>Number of panels that there is room for.</summary>
    public int Count => (AreOfOneBlock ? 1 : _blocking.Parts * _blocking.BlocksOfPart) * _panelsOfBlock;

    /// <summary>Floats of these panels.</summary>
    public long Floats => (long)(AreOfOneBlock ? _blocking.Kc : _k) * _panelsOfBlock * Width;

    /// <summary>Number of the panel of a block of K (counted over all parts) at a column of a tile.</summary>
    public int IndexOf(int block, int column) => ((AreOfOneBlock ? 0 : block) * _panelsOfBlock) + (column / Width);

    /// <summary>A panel among those that start at <paramref name="panels"/>.</summary>
    public float* At(float* panels, int firstK, int kc, int column) =>
        panels + (AreOfOneBlock ? 0 : (nint)firstK * _panelsOfBlock * Width) + ((nint)column * kc);

    private static int Width => GemmMicroKernel.Columns<V>();
}
