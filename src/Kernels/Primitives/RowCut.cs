namespace DPT.Engine.Kernels;

/// <summary>
/// Rows cut into chunks of parallel work of about <see cref="HostElementwise.Chunk"/> numbers: several short rows, or a range of
/// the columns of a long one. It depends on the shape alone.
/// </summary>
internal readonly struct RowCut
{
    private readonly long _rows, _rowsOfChunk, _columns;
    private readonly int _columnChunks;

    /// <summary>Cuts.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="work">Numbers that a row is made from.</param>
    /// <param name="columns">Numbers that can be made apart from each other.</param>
    public RowCut(long rows, long work, long columns)
    {
        (_rows, _columns) = (rows, columns);
        _rowsOfChunk = Math.Max(1, HostElementwise.Chunk / work);
        _columnChunks = HostElementwise.Chunks(columns);
    }

    /// <summary>Number of chunks.</summary>
    public int Chunks => checked((int)((_rows + _rowsOfChunk - 1) / _rowsOfChunk * _columnChunks));

    /// <summary>The rows and columns of a chunk.</summary>
    public ((long Start, long End) Rows, (long Start, long End) Columns) this[int chunk]
    {
        get
        {
            var row = chunk / _columnChunks * _rowsOfChunk;
            var column = (long)(chunk % _columnChunks) * HostElementwise.Chunk;
            return ((row, Math.Min(_rows, row + _rowsOfChunk)), (column, Math.Min(_columns, column + HostElementwise.Chunk)));
        }
    }
}
