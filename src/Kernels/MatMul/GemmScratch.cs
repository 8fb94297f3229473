namespace DPT.Engine.Kernels;

/// <summary>
/// The scratch memory of one product: shared panels of B and the sums of split-K parts; then for each thread which block each of its
/// panels is of (counted from 1 over all parts; 0 is none), these panels, the packed left factor and the unfinished sums of its work item.
/// </summary>
internal unsafe struct GemmScratch<V> where V : struct, ISimd<V>
{
    /// <summary>Cache lines of two threads never touch.</summary>
    private const int AlignmentFloats = 32;

    private readonly int _threads;
    private readonly int _tileRows;
    private readonly int _tileColumns;
    private readonly long _sharedPanels;
    private readonly long _shared;
    private readonly int _blockNumbers;
    private readonly long _panels;
    private readonly long _packedLeft;
    private readonly long _ofThread;

    /// <param name="call">The product.</param>
    /// <param name="blocking">How it is cut.</param>
    /// <param name="panels">The panels of B.</param>
    /// <param name="packedLeft">Floats of the left factor that a thread packs.</param>
    /// <param name="keepsWorkItem">Whether the sums of a whole work item wait for its next block of K here, and not one tile's alone.</param>
    /// <param name="threads">Threads of the device.</param>
    public GemmScratch(
        in MatMulCall call, in GemmBlocking blocking, in GemmPanels<V> panels, long packedLeft, bool keepsWorkItem, int threads)
    {
        _threads = threads;
        _tileRows = GemmBlocking.CeilDiv(call.M, GemmMicroKernel.Rows);
        _tileColumns = GemmBlocking.CeilDiv(call.N, GemmMicroKernel.Columns<V>());
        var sumsOfParts = blocking.Parts == 1 ? 0 : (long)blocking.Parts * _tileRows * _tileColumns * GemmMicroKernel.Tile<V>();
        _sharedPanels = panels.ArePrivate ? 0 : Aligned(panels.Floats);
        _shared = _sharedPanels + Aligned(sumsOfParts);
        _blockNumbers = panels.ArePrivate ? (int)Aligned(panels.Count) : 0;
        _panels = panels.ArePrivate ? Aligned(panels.Floats) : 0;
        _packedLeft = Aligned(packedLeft);
        var sums = Aligned(keepsWorkItem ? (long)blocking.Mc * blocking.Nc : GemmMicroKernel.Tile<V>());
        _ofThread = _blockNumbers + _panels + _packedLeft + sums;
    }

    /// <summary>The memory, <see cref="Floats"/> of it.</summary>
    public float* Start { get; set; }

    /// <summary>Floats needed.</summary>
    public readonly long Floats => _shared + (_threads * _ofThread);

    /// <summary>The tile of a part's sums at a row and a column of C.</summary>
    public readonly float* SumsOfPart(int part, int row, int column)
    {
        var tile = ((((nint)part * _tileRows) + (row / GemmMicroKernel.Rows)) * _tileColumns)
            + (column / GemmMicroKernel.Columns<V>());
        return Start + _sharedPanels + (tile * GemmMicroKernel.Tile<V>());
    }

    /// <summary>The part of a thread.</summary>
    public readonly GemmThreadScratch OfThread(int thread)
    {
        var start = Start + _shared + (thread * _ofThread);
        var panels = start + _blockNumbers;
        var packedLeft = panels + _panels;
        return new GemmThreadScratch((int*)start, _blockNumbers > 0 ? panels : Start, packedLeft, packedLeft + _packedLeft);
    }

    /// <summary>Forgets the panels of earlier products, before the work items run.</summary>
    public readonly void ForgetPanels()
    {
        for (var thread = 0; thread < _threads; thread++)
        {
            new Span<int>(OfThread(thread).BlockOfPanel, _blockNumbers).Clear();
        }
    }

    private static long Aligned(long floats) => (floats + AlignmentFloats - 1) / AlignmentFloats * AlignmentFloats;
}

/// <summary>What a thread of a product works with.</summary>
/// <param name="blockOfPanel">Which block of K each of its panels is of.</param>
/// <param name="panels">The panels of B, its own or everybody's.</param>
/// <param name="packedLeft">Rows of the left factor, where they are not read in place.</param>
/// <param name="sums">Unfinished sums.</param>
internal readonly unsafe struct GemmThreadScratch(int* blockOfPanel, float* panels, float* packedLeft, float* sums)
{
    public readonly int* BlockOfPanel = blockOfPanel;
    public readonly float* Panels = panels;
    public readonly float* PackedLeft = packedLeft;
    public readonly float* Sums = sums;
}
