namespace DPT.Engine.Kernels;

/// <summary>One matrix product as pieces of parallel work: a chunk of rows by a chunk of columns by a run of terms.</summary>
internal unsafe struct GemmJob<V> : IParallelJob where V : struct, ISimd<V>
{
    private readonly float* _a;
    private readonly float* _c;
    private readonly int _rowA;
    private readonly int _rowC;
    private readonly GemmStart _start;
    private readonly bool _direct;

    public GemmJob(in MatMulCall call)
    {
        Call = call;
        Blocking = new GemmBlocking(call.M, call.N, call.K, GemmMicroKernel.Columns<V>());
        Epilogue = new MatMulEpilogue(in call);
        _a = (float*)call.A.Address;
        _c = (float*)call.C.Address;
        _rowA = call.RowA;
        _rowC = call.RowC;
        _start = new GemmStart(in call);
        _direct = _start.IsDirect && Blocking.Runs == 1;
    }

    public MatMulCall Call { get; }

    public GemmBlocking Blocking { get; }

    public MatMulEpilogue Epilogue { get; }

    /// <summary>Packed B, the sums of runs, then for each thread the packed A and the unfinished sums of its piece.</summary>
    public float* Scratch { get; set; }

    private readonly int TileRows => GemmBlocking.Parts(Call.M, GemmMicroKernel.Rows);

    private readonly int TileColumns => GemmBlocking.Parts(Call.N, GemmMicroKernel.Columns<V>());

    private readonly long PackedB => (long)Call.K * TileColumns * GemmMicroKernel.Columns<V>();

    private readonly long SumsOfRuns =>
        Blocking.Runs == 1 ? 0 : (long)Blocking.Runs * TileRows * TileColumns * GemmMicroKernel.Tile<V>();

    private readonly long PackedA => Call.TransposeA ? (long)Blocking.Rows * Blocking.Terms : 0;

    private readonly long SumsOfPiece =>
        Blocking.TermBlocks == 1 ? GemmMicroKernel.Tile<V>() : (long)Blocking.Rows * Blocking.Columns;

    public readonly long ScratchFloats(int threads) => PackedB + SumsOfRuns + (threads * (PackedA + SumsOfPiece));

    /// <summary>The panel of packed B that starts at a term (of a block) and a column (of a tile).</summary>
    public readonly float* PanelOfB(int firstTerm, int terms, int column)
    {
        var columns = (nint)TileColumns * GemmMicroKernel.Columns<V>();
        return Scratch + (firstTerm * columns) + ((nint)column * terms);
    }

    /// <summary>The tile of a run's sums at a row and a column of C.</summary>
    public readonly float* SumsOfRun(int run, int row, int column)
    {
        var tile = ((((nint)run * TileRows) + (row / GemmMicroKernel.Rows)) * TileColumns)
            + (column / GemmMicroKernel.Columns<V>());
        return Scratch + PackedB + (tile * GemmMicroKernel.Tile<V>());
    }

    public readonly void Execute(int index)
    {
        var (chunk, run) = (index / Blocking.Runs, index % Blocking.Runs);
        var piece = new Piece
        {
            Run = run,
            FirstRow = chunk / Blocking.ColumnChunks * Blocking.Rows,
            FirstColumn = chunk % Blocking.ColumnChunks * Blocking.Columns,
            FirstTerm = run * Blocking.BlocksOfRun * Blocking.Terms,
            PackedA = Scratch + PackedB + SumsOfRuns + (WorkerPool.CurrentWorker * (PackedA + SumsOfPiece)),
        };
        piece.Rows = Math.Min(Blocking.Rows, Call.M - piece.FirstRow);
        piece.Columns = Math.Min(Blocking.Columns, Call.N - piece.FirstColumn);
        piece.EndTerm = (int)Math.Min(Call.K, piece.FirstTerm + ((long)Blocking.BlocksOfRun * Blocking.Terms));
        for (var term = piece.FirstTerm; term < piece.EndTerm; term += Blocking.Terms)
        {
            var terms = Math.Min(Blocking.Terms, piece.EndTerm - term);
            if (Call.TransposeA)
            {
                GemmPacking.TransposedA(
                    _a + ((nint)term * _rowA) + piece.FirstRow, _rowA, terms, piece.Rows, piece.PackedA);
            }

            Multiply(in piece, term, terms);
        }
    }

    /// <summary>One block of terms of a piece, tile by tile; down the rows first, so that the panel of B stays near.</summary>
    private readonly void Multiply(in Piece piece, int term, int terms)
    {
        var width = GemmMicroKernel.Columns<V>();
        var sums = piece.PackedA + PackedA;
        for (var j = 0; j < piece.Columns; j += width)
        {
            var column = piece.FirstColumn + j;
            var columns = Math.Min(width, piece.Columns - j);
            var panel = PanelOfB(term, terms, column);
            for (var i = 0; i < piece.Rows; i += GemmMicroKernel.Rows)
            {
                var row = piece.FirstRow + i;
                var rows = Math.Min(GemmMicroKernel.Rows, piece.Rows - i);
                var a = Call.TransposeA
                    ? new Tile(piece.PackedA + ((nint)i * terms), rows, 1, GemmMicroKernel.Rows)
                    : new Tile(_a + ((nint)row * _rowA) + term, rows, _rowA, 1);
                if (_direct && rows == GemmMicroKernel.Rows && columns == width)
                {
                    MultiplyDirectly(in a, panel, row, column, term, terms);
                    continue;
                }

                var tile = Blocking.Runs > 1 ? SumsOfRun(piece.Run, row, column) : sums;
                sums += Blocking.TermBlocks > 1 ? GemmMicroKernel.Tile<V>() : 0;
                var start = term == piece.FirstTerm ? null : tile;
                GemmMicroKernel.Multiply<V>(
                    terms, a.First, rows, a.RowStride, a.TermStride, panel, start, width, tile, width);
                if (Blocking.Runs == 1 && term + terms == Call.K)
                {
                    Epilogue.Finish<V>(tile, width, row, rows, column, columns);
                }
            }
        }
    }

    private readonly void MultiplyDirectly(in Tile a, float* panel, int row, int column, int term, int terms)
    {
        var c = _c + ((nint)row * _rowC) + column;
        var start = term == 0 ? _start.At(row, column) : c;
        var stride = term == 0 ? _start.Stride : _rowC;
        GemmMicroKernel.Multiply<V>(terms, a.First, a.Rows, a.RowStride, a.TermStride, panel, start, stride, c, _rowC);
    }

    private struct Piece
    {
        public int Run;
        public int FirstRow;
        public int Rows;
        public int FirstColumn;
        public int Columns;
        public int FirstTerm;
        public int EndTerm;
        public float* PackedA;
    }

    /// <summary>The rows of A that a tile needs, in place or packed.</summary>
    private readonly struct Tile(float* first, int rows, nint rowStride, nint termStride)
    {
        public readonly float* First = first;
        public readonly int Rows = rows;
        public readonly nint RowStride = rowStride;
        public readonly nint TermStride = termStride;
    }
}
