namespace DPT.Engine.Kernels;

/// <summary>
/// One matrix product as parallel work items: a part of K by a group of rows by a chunk of columns, in this order,
/// so that neighbouring items, which a thread does in a row, share packed panels and rows of the batch.
/// </summary>
internal unsafe struct GemmJob<V, TFactors, TLeft> : IParallelJob
    where V : struct, ISimd<V>
    where TFactors : struct, IGemmFactors<TLeft>
    where TLeft : struct, ILeftFactor
{
    private readonly TFactors _factors;
    private readonly bool _addsToC;
    private readonly int _rowGroups;
    private GemmScratch<V> _scratch;

    public GemmJob(in MatMulCall call, in TFactors factors, int threads)
    {
        Call = call;
        Blocking = new GemmBlocking(in call, GemmMicroKernel.Columns<V>());
        Panels = new GemmPanels<V>(in call, Blocking, threads);
        Output = new GemmOutput<V>(in call);
        _factors = factors;
        _addsToC = Output.OnlyAdds && Blocking.Parts == 1;
        _scratch = new GemmScratch<V>(
            in call, Blocking, Panels, factors.LeftFloats(Blocking.Mc, Blocking.Kc),
            keepsWorkItem: !_addsToC && Blocking.BlocksOfPart > 1, threads);

        // Where panels are packed block by block, the rows of an item share them. How many are grouped changes no sum.
        _rowGroups = Panels.AreOfOneBlock
            ? Math.Clamp(6 * threads / (Blocking.Parts * Blocking.ColumnChunks), 1, Blocking.RowChunks)
            : Blocking.RowChunks;
    }

    public MatMulCall Call { get; }

    public GemmBlocking Blocking { get; }

    public GemmPanels<V> Panels { get; }

    public GemmOutput<V> Output { get; }

    /// <summary>Parallel work items.</summary>
    public readonly int WorkItems => Blocking.Parts * _rowGroups * Blocking.ColumnChunks;

    /// <summary>What is packed and what is not finished; needs memory before the items run.</summary>
    public readonly GemmScratch<V> Scratch => _scratch;

    /// <summary>Gives it the memory.</summary>
    public void Use(float* memory)
    {
        _scratch.Start = memory;
        _scratch.ForgetPanels();
    }

    /// <summary>First k of a block of a part, and its kc: none in the last part if it needs fewer blocks.</summary>
    public readonly (int First, int Kc) Block(int part, int block)
    {
        var first = (part * Blocking.PartK) + (block * Blocking.Kc);
        var end = Math.Min(Call.K, (part + 1L) * Blocking.PartK);
        return (first, (int)Math.Min(Blocking.Kc, end - first));
    }

    /// <summary>Packs one panel of the right factor to its place.</summary>
    public readonly void PackPanel(float* panels, int firstK, int kc, int column)
    {
        var columns = Math.Min(GemmMicroKernel.Columns<V>(), Call.N - column);
        _factors.PackRight<V>(firstK, kc, column, columns, Panels.At(panels, firstK, kc, column));
    }

    public readonly void Execute(int index)
    {
        var (part, chunk) = Math.DivRem(index, _rowGroups * Blocking.ColumnChunks);
        var (group, columns) = Math.DivRem(chunk, Blocking.ColumnChunks);
        var item = new WorkItem
        {
            Part = part,
            FirstColumn = columns * Blocking.Nc,
            Mine = _scratch.OfThread(WorkerPool.CurrentWorker),
        };
        item.Columns = Math.Min(Blocking.Nc, Call.N - item.FirstColumn);
        var endRow = Math.Min(Call.M, FirstRow(group + 1));
        for (; item.Block < Blocking.BlocksOfPart; item.Block++)
        {
            (item.Left.FirstK, item.Left.Kc) = Block(part, item.Block);
            if (item.Left.Kc <= 0)
            {
                return;
            }

            for (item.Left.FirstRow = FirstRow(group); item.Left.FirstRow < endRow; item.Left.FirstRow += Blocking.Mc)
            {
                item.Left.Rows = Math.Min(Blocking.Mc, endRow - item.Left.FirstRow);
                Multiply(in item);
            }
        }
    }

    private readonly int FirstRow(int group) => (int)((long)Blocking.RowChunks * group / _rowGroups) * Blocking.Mc;

    /// <summary>One block of K of a work item, tile by tile; down the rows first, so that the panel of B stays near.</summary>
    private readonly void Multiply(in WorkItem item)
    {
        var left = item.Left;
        _factors.PackLeft(in left, item.Mine.PackedLeft);
        var width = GemmMicroKernel.Columns<V>();
        var isLast = left.FirstK + left.Kc == Call.K;
        var sums = item.Mine.Sums;
        for (var j = 0; j < item.Columns; j += width)
        {
            var column = item.FirstColumn + j;
            var panel = PanelOfB(in item, column);
            for (var i = 0; i < left.Rows; i += GemmMicroKernel.Rows)
            {
                var rows = Math.Min(GemmMicroKernel.Rows, left.Rows - i);
                var tile = new GemmTile(left.FirstRow + i, rows, column, Math.Min(width, item.Columns - j));
                var product = new GemmProduct<TLeft>(left.Kc, _factors.Left(in left, i, rows, item.Mine.PackedLeft), panel);
                if (_addsToC)
                {
                    Output.Add(in product, left.FirstK == 0, in tile, sums);
                    continue;
                }

                var kept = Blocking.Parts > 1 ? _scratch.SumsOfPart(item.Part, tile.Row, column) : sums;
                Output.Keep(in product, item.Block == 0, isLast, finishes: Blocking.Parts == 1, in tile, kept);
                sums += Blocking.BlocksOfPart > 1 ? GemmMicroKernel.Tile<V>() : 0;
            }
        }
    }

    private readonly float* PanelOfB(in WorkItem item, int column)
    {
        if (Panels.ArePrivate)
        {
            var block = (item.Part * Blocking.BlocksOfPart) + item.Block;
            var packed = item.Mine.BlockOfPanel + Panels.IndexOf(block, column);
            if (*packed != block + 1)
            {
                PackPanel(item.Mine.Panels, item.Left.FirstK, item.Left.Kc, column);
                *packed = block + 1;
            }
        }

        return Panels.At(item.Mine.Panels, item.Left.FirstK, item.Left.Kc, column);
    }

    private struct WorkItem
    {
        public int Part;
        public int Block;
        public GemmBlock Left;
        public int FirstColumn;
        public int Columns;
        public GemmThreadScratch Mine;
    }
}
