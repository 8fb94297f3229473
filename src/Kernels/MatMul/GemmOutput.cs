namespace DPT.Engine.Kernels;

/// <summary>
/// What becomes of a tile's sums. Where nothing is done to them but adding (a bias, and a residual or what C holds), a whole
/// tile goes from registers to C block by block; otherwise sums are kept until they are complete, and then finished.
/// </summary>
internal readonly unsafe struct GemmOutput<V> where V : struct, ISimd<V>
{
    private readonly float* _c;
    private readonly int _stride;
    private readonly float* _addend;
    private readonly float* _bias;
    private readonly MatMulEpilogue _epilogue;
    private readonly MatMulEpilogue _addition;

    public GemmOutput(in MatMulCall call)
    {
        _c = (float*)call.C.Address;
        _stride = call.RowC;
        _addend = (float*)(call.Accumulate ? call.C : call.Residual).Address;
        _bias = (float*)call.Bias.Address;
        _epilogue = new MatMulEpilogue(in call);
        _addition = new MatMulEpilogue(call with { Bias = default, Residual = default, Accumulate = true });
        OnlyAdds = call.PreActivation.IsEmpty && call.Activation == Activation.None
            && (!call.Accumulate || call.Residual.IsEmpty);
    }

    /// <summary>Whether the sums may go to C block by block.</summary>
    public bool OnlyAdds { get; }

    /// <summary>Multiplies one block of K and adds it to C: the first with all else that is added.</summary>
    /// <param name="product">The block.</param>
    /// <param name="isFirst">Whether it is the first.</param>
    /// <param name="tile">Where in C.</param>
    /// <param name="sums">Room for a tile that reaches beyond C.</param>
    public void Add<TLeft>(in GemmProduct<TLeft> product, bool isFirst, in GemmTile tile, float* sums)
        where TLeft : struct, ILeftFactor
    {
        var width = GemmMicroKernel.Columns<V>();
        if (tile.Rows == GemmMicroKernel.Rows && tile.Columns == width)
        {
            var at = ((nint)tile.Row * _stride) + tile.Column;
            var start = isFirst ? _addend : _c;
            product.Multiply<V>(
                start == null ? null : start + at, _stride, isFirst && _bias != null ? _bias + tile.Column : null, _c + at, _stride);
            return;
        }

        // Every block goes to C by itself here too: a row has the same bits in a whole tile and in the last one of its batch.
        product.Multiply<V>(null, width, null, sums, width);
        if (isFirst)
        {
            Finish(sums, in tile);
        }
        else
        {
            _addition.Finish<V>(sums, width, tile.Row, tile.Rows, tile.Column, tile.Columns);
        }
    }

    /// <summary>Multiplies one block of K and adds it to sums that are kept; the last finishes them.</summary>
    /// <param name="product">The block.</param>
    /// <param name="isFirst">Whether it is the first of these sums.</param>
    /// <param name="isLast">Whether it is the last.</param>
    /// <param name="finishes">Whether these sums are all that C waits for.</param>
    /// <param name="tile">Where in C.</param>
    /// <param name="sums">The sums.</param>
    public void Keep<TLeft>(
        in GemmProduct<TLeft> product, bool isFirst, bool isLast, bool finishes, in GemmTile tile, float* sums)
        where TLeft : struct, ILeftFactor
    {
        if (isLast)
        {
            _epilogue.Prefetch<V>(tile.Row, tile.Rows, tile.Column);
        }

        var width = GemmMicroKernel.Columns<V>();
        product.Multiply<V>(isFirst ? null : sums, width, null, sums, width);
        if (isLast && finishes)
        {
            Finish(sums, in tile);
        }
    }

    /// <summary>Does to complete sums what the call asks for, and writes them to C.</summary>
    public void Finish(float* sums, in GemmTile tile) => _epilogue.Finish<V>(
        sums, GemmMicroKernel.Columns<V>(), tile.Row, tile.Rows, tile.Column, tile.Columns);
}

/// <summary>A tile of C, as far as it exists.</summary>
internal readonly struct GemmTile(int row, int rows, int column, int columns)
{
    public readonly int Row = row;
    public readonly int Rows = rows;
    public readonly int Column = column;
    public readonly int Columns = columns;
}

/// <summary>A block of K of a tile: rows of A, in place or packed, and a panel of B.</summary>
internal readonly unsafe struct GemmProduct<TLeft>(int depth, TLeft a, float* panel) where TLeft : struct, ILeftFactor
{
    private readonly TLeft _a = a;

    /// <summary><see cref="GemmMicroKernel.Multiply{V, TLeft}"/> of this block.</summary>
    public void Multiply<V>(float* start, nint startStride, float* bias, float* tile, nint tileStride)
        where V : struct, ISimd<V> =>
        GemmMicroKernel.Multiply<V, TLeft>(depth, in _a, panel, start, startStride, bias, tile, tileStride);
}
