namespace DPT.Engine.Kernels;

/// <summary>
/// One matrix product as pieces of parallel work: a run of terms by a group of rows by a chunk of columns, in this order,
/// so that neighbouring pieces, which a thread does in a row, share packed panels and rows of the batch.
/// </summary>
internal unsafe struct GemmJob<V> : IParallelJob where V : struct, ISimd<V>
{
    private readonly float* _a;
    private readonly int _rowA;
    private readonly bool _addsToC;
    private readonly int _rowGroups;
    private GemmScratch<V> _scratch;

    public GemmJob(in MatMulCall call, int threads)
    {
        Call = call;
        Blocking = new GemmBlocking(in call, GemmMicroKernel.Columns<V>());
        Panels = new GemmPanels<V>(in call, Blocking, threads);
        Output = new GemmOutput<V>(in call);
        _a = (float*)call.A.Address;
        _rowA = call.RowA;
        _addsToC = Output.OnlyAdds && Blocking.Runs == 1;
        _scratch = new GemmScratch<V>(
            in call, Blocking, Panels, keepsPieces: !_addsToC && Blocking.BlocksOfRun > 1, threads);

        // Where panels are packed block by block, the rows of a piece share them. How many are grouped changes no sum.
        _rowGroups = Panels.AreOfOneBlock
            ? Math.Clamp(6 * threads / (Blocking.Runs * Blocking.ColumnChunks), 1, Blocking.RowChunks)
            : Blocking.RowChunks;
    }

    public MatMulCall Call { get; }

    public GemmBlocking Blocking { get; }

    public GemmPanels<V> Panels { get; }

    public GemmOutput<V> Output { get; }

    /// <summary>Pieces of parallel work.</summary>
    public readonly int Pieces => Blocking.Runs * _rowGroups * Blocking.ColumnChunks;

    /// <summary>What is packed and what is not finished; needs memory before the pieces run.</summary>
    public readonly GemmScratch<V> Scratch => _scratch;

    /// <summary>Gives it the memory.</summary>
    public void Use(float* memory)
    {
        _scratch.Start = memory;
        _scratch.ForgetPanels();
    }

    /// <summary>First term of a block of a run, and how many it has: none in the last run if it needs fewer blocks.</summary>
    public readonly (int First, int Terms) Block(int run, int block)
    {
        var first = (run * Blocking.TermsOfRun) + (block * Blocking.Terms);
        var end = Math.Min(Call.K, (run + 1L) * Blocking.TermsOfRun);
        return (first, (int)Math.Min(Blocking.Terms, end - first));
    }

    public readonly void Execute(int index)
    {
        var (run, chunk) = Math.DivRem(index, _rowGroups * Blocking.ColumnChunks);
        var (group, columns) = Math.DivRem(chunk, Blocking.ColumnChunks);
        var piece = new Piece
        {
            Run = run,
            FirstColumn = columns * Blocking.Columns,
            Mine = _scratch.OfThread(WorkerPool.CurrentWorker),
        };
        piece.Columns = Math.Min(Blocking.Columns, Call.N - piece.FirstColumn);
        var endRow = Math.Min(Call.M, FirstRow(group + 1));
        for (; piece.Block < Blocking.BlocksOfRun; piece.Block++)
        {
            (piece.FirstTerm, piece.Terms) = Block(run, piece.Block);
            if (piece.Terms <= 0)
            {
                return;
            }

            for (piece.FirstRow = FirstRow(group); piece.FirstRow < endRow; piece.FirstRow += Blocking.Rows)
            {
                piece.Rows = Math.Min(Blocking.Rows, endRow - piece.FirstRow);
                Multiply(in piece);
            }
        }
    }

    private readonly int FirstRow(int group) => (int)((long)Blocking.RowChunks * group / _rowGroups) * Blocking.Rows;

    /// <summary>One block of terms of a piece, tile by tile; down the rows first, so that the panel of B stays near.</summary>
    private readonly void Multiply(in Piece piece)
    {
        PackA(in piece);
        var width = GemmMicroKernel.Columns<V>();
        var isLast = piece.FirstTerm + piece.Terms == Call.K;
        var sums = piece.Mine.Sums;
        for (var j = 0; j < piece.Columns; j += width)
        {
            var column = piece.FirstColumn + j;
            var panel = PanelOfB(in piece, column);
            for (var i = 0; i < piece.Rows; i += GemmMicroKernel.Rows)
            {
                var rows = Math.Min(GemmMicroKernel.Rows, piece.Rows - i);
                var tile = new GemmTile(piece.FirstRow + i, rows, column, Math.Min(width, piece.Columns - j));
                var a = Call.TransposeA
                    ? new StridedLeft(piece.Mine.PackedA + ((nint)i * piece.Terms), rows, 1, GemmMicroKernel.Rows)
                    : new StridedLeft(_a + ((nint)tile.Row * _rowA) + piece.FirstTerm, rows, _rowA, 1);
                var product = new GemmProduct(piece.Terms, a, panel);
                if (_addsToC)
                {
                    Output.Add(in product, piece.FirstTerm == 0, in tile, sums);
                    continue;
                }

                var kept = Blocking.Runs > 1 ? _scratch.SumsOfRun(piece.Run, tile.Row, column) : sums;
                Output.Keep(in product, piece.Block == 0, isLast, finishes: Blocking.Runs == 1, in tile, kept);
                sums += Blocking.BlocksOfRun > 1 ? GemmMicroKernel.Tile<V>() : 0;
            }
        }
    }

    private readonly void PackA(in Piece piece)
    {
        if (Call.TransposeA)
        {
            GemmPacking.TransposedA(
                _a + ((nint)piece.FirstTerm * _rowA) + piece.FirstRow, _rowA, piece.Terms, piece.Rows, piece.Mine.PackedA);
        }
    }

    private readonly float* PanelOfB(in Piece piece, int column)
    {
        if (Panels.ArePrivate)
        {
            var block = (piece.Run * Blocking.BlocksOfRun) + piece.Block;
            var packed = piece.Mine.BlockOfPanel + Panels.IndexOf(block, column);
            if (*packed != block + 1)
            {
                Panels.Pack(piece.Mine.Panels, piece.FirstTerm, piece.Terms, column);
                *packed = block + 1;
            }
        }

        return Panels.At(piece.Mine.Panels, piece.FirstTerm, piece.Terms, column);
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
        public GemmThreadScratch Mine;
    }
}
