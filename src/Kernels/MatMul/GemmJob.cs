namespace DPT.Engine.Kernels;

/// <summary>One matrix product as pieces of parallel work.</summary>
internal unsafe struct GemmJob<V> : IParallelJob where V : struct, ISimd<V>
{
    private readonly float* _a;
    private readonly float* _c;
    private readonly int _rowA;
    private readonly int _rowC;
    private readonly bool _transposeA;
    private readonly GemmStart _start;
    private readonly MatMulEpilogue _epilogue;

    public GemmJob(in MatMulCall call)
    {
        Call = call;
        Blocking = new GemmBlocking(call.M, call.N, call.K, GemmMicroKernel.Columns<V>());
        _a = (float*)call.A.Address;
        _c = (float*)call.C.Address;
        _rowA = call.RowA;
        _rowC = call.RowC;
        _transposeA = call.TransposeA;
        _start = new GemmStart(in call);
        _epilogue = new MatMulEpilogue(in call);
    }

    public MatMulCall Call { get; }

    public GemmBlocking Blocking { get; }

    /// <summary>Packed B, then for each thread the packed A and the unfinished sums of its piece.</summary>
    public float* Scratch { get; set; }

    public readonly int Pieces => Blocking.RowChunks * Blocking.ColumnChunks;

    private readonly long PackedB =>
        (long)Call.K * GemmBlocking.Parts(Call.N, GemmMicroKernel.Columns<V>()) * GemmMicroKernel.Columns<V>();

    private readonly long PackedA => _transposeA ? (long)Blocking.Rows * Blocking.Terms : 0;

    private readonly long Sums => Blocking.TermBlocks > 1 ? (long)Blocking.Rows * Blocking.Columns : GemmMicroKernel.Tile<V>();

    public readonly long ScratchFloats(int threads) => PackedB + (threads * (PackedA + Sums));

    /// <summary>The panel of packed B that starts at a term (of a block) and a column (of a tile).</summary>
    public readonly float* PanelOfB(int firstTerm, int terms, int column)
    {
        var width = GemmMicroKernel.Columns<V>();
        var columns = (nint)GemmBlocking.Parts(Call.N, width) * width;
        return Scratch + (firstTerm * columns) + ((nint)column * terms);
    }

    public readonly void Execute(int index)
    {
        var firstRow = index / Blocking.ColumnChunks * Blocking.Rows;
        var firstColumn = index % Blocking.ColumnChunks * Blocking.Columns;
        var rows = Math.Min(Blocking.Rows, Call.M - firstRow);
        var columns = Math.Min(Blocking.Columns, Call.N - firstColumn);
        var packedA = Scratch + PackedB + (WorkerPool.CurrentWorker * (PackedA + Sums));
        for (var firstTerm = 0; firstTerm < Call.K; firstTerm += Blocking.Terms)
        {
            var terms = Math.Min(Blocking.Terms, Call.K - firstTerm);
            if (_transposeA)
            {
                GemmPacking.TransposedA(
                    _a + ((nint)firstTerm * _rowA) + firstRow, _rowA, terms, rows, packedA);
            }

            Multiply(firstRow, rows, firstColumn, columns, firstTerm, terms, packedA);
        }
    }

    /// <summary>One block of terms of a piece, tile by tile; down the rows first, so that the panel of B stays near.</summary>
    private readonly void Multiply(
        int firstRow, int rows, int firstColumn, int columns, int firstTerm, int terms, float* packedA)
    {
        const int Height = GemmMicroKernel.Rows;
        var width = GemmMicroKernel.Columns<V>();
        var sums = packedA + PackedA;
        var isFirst = firstTerm == 0;
        var isLast = firstTerm + terms == Call.K;
        var direct = _start.IsDirect;
        for (var j = 0; j < columns; j += width)
        {
            var panel = PanelOfB(firstTerm, terms, firstColumn + j);
            var tileColumns = Math.Min(width, columns - j);
            for (var i = 0; i < rows; i += Height)
            {
                var tileRows = Math.Min(Height, rows - i);
                var a = _transposeA
                    ? packedA + ((nint)i * terms)
                    : _a + ((nint)(firstRow + i) * _rowA) + firstTerm;
                nint rowStride = _transposeA ? 1 : _rowA;
                nint termStride = _transposeA ? Height : 1;
                var row = firstRow + i;
                var column = firstColumn + j;
                if (direct && tileRows == Height && tileColumns == width)
                {
                    var c = _c + ((nint)row * _rowC) + column;
                    var start = isFirst ? _start.At(row, column) : c;
                    var stride = isFirst ? _start.Stride : _rowC;
                    GemmMicroKernel.Multiply<V>(
                        terms, a, Height, rowStride, termStride, panel, start, stride, c, _rowC);
                    continue;
                }

                GemmMicroKernel.Multiply<V>(
                    terms, a, tileRows, rowStride, termStride, panel, isFirst ? null : sums, width, sums, width);
                if (isLast)
                {
                    _epilogue.Finish<V>(sums, width, row, tileRows, column, tileColumns);
                }

                sums += Blocking.TermBlocks > 1 ? GemmMicroKernel.Tile<V>() : 0;
            }
        }
    }
}
