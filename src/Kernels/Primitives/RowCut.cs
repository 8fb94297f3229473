namespace DPT.Engine.Kernels;

/// <summary>
/// Rows cut into pieces of parallel work of about <see cref="HostElementwise.Chunk"/> numbers: several short rows, or a range of
/// the columns of a long one. It depends on the shape alone.
/// </summary>
internal readonly struct RowCut
{
    private readonly long _rows, _rowsOfPiece, _columns;
    private readonly int _columnPieces;

    /// <summary>Cuts.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="work">Numbers that a row is made from.</param>
    /// <param name="columns">Numbers that can be made apart from each other.</param>
    public RowCut(long rows, long work, long columns)
    {
        (_rows, _columns) = (rows, columns);
        _rowsOfPiece = Math.Max(1, HostElementwise.Chunk / work);
        _columnPieces = HostElementwise.Chunks(columns);
    }

    /// <summary>Number of pieces.</summary>
    public int Pieces => checked((int)((_rows + _rowsOfPiece - 1) / _rowsOfPiece * _columnPieces));

    /// <summary>The rows and columns of a piece.</summary>
    public ((long Start, long End) Rows, (long Start, long End) Columns) this[int piece]
    {
        get
        {
            var row = piece / _columnPieces * _rowsOfPiece;
            var column = (long)(piece % _columnPieces) * HostElementwise.Chunk;
            return ((row, Math.Min(_rows, row + _rowsOfPiece)), (column, Math.Min(_columns, column + HostElementwise.Chunk)));
        }
    }
}
