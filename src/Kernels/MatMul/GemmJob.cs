namespace DPT.Engine.Kernels;

/// <summary>
/// One matrix product as pieces of parallel work: a run of terms by a group of rows by a chunk of columns, in this order,
/// so that neighbouring pieces, which a thread does in a row, share packed panels and rows of the batch.
/// </summary>
internal unsafe struct GemmJob<V> : IParallelJob where V : struct, ISimd<V>
{
    /// <summary>Cache lines of two threads never touch.</summary>
    private const int AlignmentFloats = 32;

    private readonly float* _a;
    private readonly float* _c;
    private readonly int _rowA;
    private readonly int _rowC;
    private readonly GemmStart _start;
    private readonly MatMulEpilogue _addition;
    private readonly bool _direct;
    private readonly int _rowGroups;

    public GemmJob(in MatMulCall call, int threads)
    {
        Call = call;
        Blocking = new GemmBlocking(in call, GemmMicroKernel.Columns<V>());
        Panels = new GemmPanels<V>(in call, Blocking, threads);
        Epilogue = new MatMulEpilogue(in call);
        Threads = threads;
        _a = (float*)call.A.Address;
        _c = (float*)call.C.Address;
        _rowA = call.RowA;
        _rowC = call.RowC;
        _start = new GemmStart(in call);
        _addition = new MatMulEpilogue(call with { Bias = default, Residual = default, Accumulate = true });
        _direct = _start.IsDirect && Blocking.Runs == 1;

        // Where panels are packed block by block, the rows of a piece share them. How many are grouped changes no sum.
        _rowGroups = Panels.AreOfOneBlock
            ? Math.Clamp(6 * threads / (Blocking.Runs * Blocking.ColumnChunks), 1, Blocking.RowChunks)
            : Blocking.RowChunks;
    }

    public MatMulCall Call { get; }

    public GemmBlocking Blocking { get; }

    public GemmPanels<V> Panels { get; }

    public MatMulEpilogue Epilogue { get; }

    public int Threads { get; }

    /// <summary>Pieces of parallel work.</summary>
    public readonly int Pieces => Blocking.Runs * _rowGroups * Blocking.ColumnChunks;

    /// <summary>
    /// Shared panels of B and the sums of runs; then for each thread which block each of its panels is of (counted from 1
    /// over all runs; 0 is none), these panels, the packed A and the unfinished sums of its piece.
    /// </summary>
    public float* Scratch { get; set; }

    /// <summary>Floats of <see cref="Scratch"/>.</summary>
    public readonly long ScratchFloats => SharedFloats + (Threads * ThreadFloats);

    private readonly int TileRows => GemmBlocking.Parts(Call.M, GemmMicroKernel.Rows);

    private readonly int TileColumns => GemmBlocking.Parts(Call.N, GemmMicroKernel.Columns<V>());

    private readonly long SharedPanels => Panels.ArePrivate ? 0 : Aligned(Panels.Floats);

    private readonly long SumsOfRuns =>
        Blocking.Runs == 1 ? 0 : (long)Blocking.Runs * TileRows * TileColumns * GemmMicroKernel.Tile<V>();

    private readonly long SharedFloats => SharedPanels + Aligned(SumsOfRuns);

    private readonly long BlockNumbers => Panels.ArePrivate ? Aligned(Panels.Count) : 0;

    private readonly long PrivatePanels => Panels.ArePrivate ? Aligned(Panels.Floats) : 0;

    private readonly long PackedA => Call.TransposeA ? Aligned((long)Blocking.Rows * Blocking.Terms) : 0;

    private readonly long SumsOfPiece =>
        Aligned(_direct || Blocking.BlocksOfRun == 1 ? GemmMicroKernel.Tile<V>() : (long)Blocking.Rows * Blocking.Columns);

    private readonly long ThreadFloats => BlockNumbers + PrivatePanels + PackedA + SumsOfPiece;

    /// <summary>Forgets the panels of earlier products, before the pieces run.</summary>
    public readonly void ForgetPanels()
    {
        for (var thread = 0; thread < Threads; thread++)
        {
            new Span<int>(ThreadScratch(thread), (int)BlockNumbers).Clear();
        }
    }

    /// <summary>First term of a block of a run, and how many it has: none in the last run if it needs fewer blocks.</summary>
    public readonly (int First, int Terms) Block(int run, int block)
    {
        var first = (run * Blocking.TermsOfRun) + (block * Blocking.Terms);
        var end = Math.Min(Call.K, (run + 1L) * Blocking.TermsOfRun);
        return (first, (int)Math.Min(Blocking.Terms, end - first));
    }

    /// <summary>The tile of a run's sums at a row and a column of C.</summary>
    public readonly float* SumsOfRun(int run, int row, int column)
    {
        var tile = ((((nint)run * TileRows) + (row / GemmMicroKernel.Rows)) * TileColumns)
            + (column / GemmMicroKernel.Columns<V>());
        return Scratch + SharedPanels + (tile * GemmMicroKernel.Tile<V>());
    }

    public readonly void Execute(int index)
    {
        var (run, chunk) = Math.DivRem(index, _rowGroups * Blocking.ColumnChunks);
        var (group, columns) = Math.DivRem(chunk, Blocking.ColumnChunks);
        var piece = new Piece
        {
            Run = run,
            FirstColumn = columns * Blocking.Columns,
            Packed = (int*)ThreadScratch(WorkerPool.CurrentWorker),
        };
        piece.Columns = Math.Min(Blocking.Columns, Call.N - piece.FirstColumn);
        piece.Panels = Panels.ArePrivate ? (float*)piece.Packed + BlockNumbers : Scratch;
        piece.PackedA = (float*)piece.Packed + BlockNumbers + PrivatePanels;
        var endRow = Math.Min(Call.M, FirstRow(group + 1));
        for (var block = 0; block < Blocking.BlocksOfRun; block++)
        {
            (piece.FirstTerm, piece.Terms) = Block(run, block);
            if (piece.Terms <= 0)
            {
                return;
            }

            piece.Block = block;
            for (piece.FirstRow = FirstRow(group); piece.FirstRow < endRow; piece.FirstRow += Blocking.Rows)
            {
                piece.Rows = Math.Min(Blocking.Rows, endRow - piece.FirstRow);
                MultiplyRows(in piece);
            }
        }
    }

    private readonly int FirstRow(int group) => (int)((long)Blocking.RowChunks * group / _rowGroups) * Blocking.Rows;

    private readonly void MultiplyRows(in Piece piece)
    {
        if (Call.TransposeA)
        {
            GemmPacking.TransposedA(
                _a + ((nint)piece.FirstTerm * _rowA) + piece.FirstRow, _rowA, piece.Terms, piece.Rows, piece.PackedA);
        }

        Multiply(in piece);
    }

    private readonly float* ThreadScratch(int thread) => Scratch + SharedFloats + (thread * ThreadFloats);

    private static long Aligned(long floats) => (floats + AlignmentFloats - 1) / AlignmentFloats * AlignmentFloats;

    /// <summary>One block of terms of a piece, tile by tile; down the rows first, so that the panel of B stays near.</summary>
    private readonly void Multiply(in Piece piece)
    {
        var width = GemmMicroKernel.Columns<V>();
        var sums = piece.PackedA + PackedA;
        var isLast = piece.FirstTerm + piece.Terms == Call.K;
        for (var j = 0; j < piece.Columns; j += width)
        {
            var column = piece.FirstColumn + j;
            var columns = Math.Min(width, piece.Columns - j);
            var panel = PanelOfB(in piece, column);
            for (var i = 0; i < piece.Rows; i += GemmMicroKernel.Rows)
            {
                var row = piece.FirstRow + i;
                var rows = Math.Min(GemmMicroKernel.Rows, piece.Rows - i);
                var a = Call.TransposeA
                    ? new Tile(piece.PackedA + ((nint)i * piece.Terms), rows, 1, GemmMicroKernel.Rows)
                    : new Tile(_a + ((nint)row * _rowA) + piece.FirstTerm, rows, _rowA, 1);
                if (_direct)
                {
                    if (rows == GemmMicroKernel.Rows && columns == width)
                    {
                        MultiplyDirectly(in piece, in a, panel, row, column);
                    }
                    else
                    {
                        MultiplyAtEdge(in piece, in a, panel, sums, row, column, columns);
                    }

                    continue;
                }

                var tile = Blocking.Runs > 1 ? SumsOfRun(piece.Run, row, column) : sums;
                sums += Blocking.BlocksOfRun > 1 ? GemmMicroKernel.Tile<V>() : 0;
                if (isLast)
                {
                    Epilogue.Prefetch<V>(row, rows, column);
                }

                GemmMicroKernel.Multiply<V>(
                    piece.Terms, a.First, rows, a.RowStride, a.TermStride, panel,
                    piece.Block == 0 ? null : tile, width, null, tile, width);
                if (isLast && Blocking.Runs == 1)
                {
                    Epilogue.Finish<V>(tile, width, row, rows, column, columns);
                }
            }
        }
    }

    private readonly float* PanelOfB(in Piece piece, int column)
    {
        if (Panels.ArePrivate)
        {
            var block = (piece.Run * Blocking.BlocksOfRun) + piece.Block;
            var packed = piece.Packed + Panels.IndexOf(block, column);
            if (*packed != block + 1)
            {
                Panels.Pack(piece.Panels, piece.FirstTerm, piece.Terms, column);
                *packed = block + 1;
            }
        }

        return Panels.At(piece.Panels, piece.FirstTerm, piece.Terms, column);
    }

    private readonly void MultiplyDirectly(in Piece piece, in Tile a, float* panel, int row, int column)
    {
        var c = _c + ((nint)row * _rowC) + column;
        var isFirst = piece.FirstTerm == 0;
        GemmMicroKernel.Multiply<V>(
            piece.Terms, a.First, a.Rows, a.RowStride, a.TermStride, panel,
            isFirst ? _start.At(row, column) : c, _rowC, isFirst ? _start.BiasAt(column) : null, c, _rowC);
    }

    /// <summary>
    /// As <see cref="MultiplyDirectly"/>, with every block going to C by itself, for a tile that reaches beyond C: a row has
    /// the same bits whether it lies in a whole tile or in the last one of its batch.
    /// </summary>
    private readonly void MultiplyAtEdge(
        in Piece piece, in Tile a, float* panel, float* sums, int row, int column, int columns)
    {
        var width = GemmMicroKernel.Columns<V>();
        GemmMicroKernel.Multiply<V>(
            piece.Terms, a.First, a.Rows, a.RowStride, a.TermStride, panel, null, width, null, sums, width);
        if (piece.FirstTerm == 0)
        {
            Epilogue.Finish<V>(sums, width, row, a.Rows, column, columns);
        }
        else
        {
            _addition.Finish<V>(sums, width, row, a.Rows, column, columns);
        }
    }

    private struct Piece
    {
        public int Run;
        public int Block;
        public int FirstRow;
        public int Rows;
        public int FirstColumn;
        public int Columns;
        public int FirstTerm;
        public int Terms;
        public int* Packed;
        public float* Panels;
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
