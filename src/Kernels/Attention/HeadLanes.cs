namespace DPT.Engine.Kernels;

/// <summary>
/// A group of heads, one in each lane of a vector: where they lie in the arrays of an attention call, and the way of
/// their rows into vectors and back. Lanes beyond the last head repeat it: it is computed and stored more than once, each
/// time the same.
/// </summary>
internal readonly unsafe struct HeadLanes<V> where V : struct, ISimd<V>
{
    private readonly int _width;
    private readonly long* _packed;
    private readonly long* _plain;
    private readonly long* _rows;

    /// <param name="scratch">Memory for <see cref="Floats"/>.</param>
    /// <param name="index">Number of the group.</param>
    /// <param name="shape">The sizes.</param>
    public HeadLanes(float* scratch, int index, in AttentionShape shape)
    {
        var last = (shape.Batch * shape.Heads) - 1;
        _width = shape.Width;
        _packed = (long*)scratch;
        _plain = _packed + V.Count;
        _rows = _plain + V.Count;
        for (var lane = 0; lane < V.Count; lane++)
        {
            var head = new AttentionHead(Math.Min((index * V.Count) + lane, last), in shape);
            _packed[lane] = head.PackedOffset;
            _plain[lane] = head.PlainOffset;
            _rows[lane] = head.RowOffset;
        }
    }

    /// <summary>Floats of scratch memory, in whole cache lines.</summary>
    public static int Floats => 3 * Math.Max(16, V.Count * (sizeof(long) / sizeof(float)));

    /// <summary>Queries, 0, keys, 1, or values, 2, from [B,L,3,H,d].</summary>
    public void LoadPacked(float* packed, int part, LaneMatrix<V> to) =>
        Load(packed + (part * _width), _packed, 3 * _width, to);

    /// <summary>The reverse of <see cref="LoadPacked"/>.</summary>
    public void StorePacked(LaneMatrix<V> from, float* packed, int part) =>
        Store(from, packed + (part * _width), _packed, 3 * _width);

    /// <summary>Rows from [B,L,H,d].</summary>
    public void LoadPlain(float* plain, LaneMatrix<V> to) => Load(plain, _plain, _width, to);

    /// <summary>The reverse of <see cref="LoadPlain"/>.</summary>
    public void StorePlain(LaneMatrix<V> from, float* plain) => Store(from, plain, _plain, _width);

    /// <summary>A number for each token, from a matrix of one row to [B,H,L].</summary>
    public void StoreRow(LaneMatrix<V> from, float* rows) => Store(from, rows, _rows, 0);

    private static void Load(float* origin, long* offsets, nint stride, LaneMatrix<V> to)
    {
        for (var row = 0; row < to.Rows; row++, origin += stride)
        {
            if (to.Columns < V.Count)
            {
                LoadShort(origin, offsets, to.Row(row), to.Columns);
                continue;
            }

            for (var column = 0; column < to.Columns; column += V.Count)
            {
                // The last run ends where the row ends, and repeats a part of the run before it.
                var first = Math.Min(column, to.Columns - V.Count);
                V.Transpose(new ScatteredRows(origin + first, offsets), new StridedRows(to.At(row, first), V.Count));
            }
        }
    }

    private static void Store(LaneMatrix<V> from, float* origin, long* offsets, nint stride)
    {
        for (var row = 0; row < from.Rows; row++, origin += stride)
        {
            if (from.Columns < V.Count)
            {
                StoreShort(from.Row(row), origin, offsets, from.Columns);
                continue;
            }

            for (var column = 0; column < from.Columns; column += V.Count)
            {
                var first = Math.Min(column, from.Columns - V.Count);
                V.Transpose(new StridedRows(from.At(row, first), V.Count), new ScatteredRows(origin + first, offsets));
            }
        }
    }

    /// <summary>Rows shorter than a vector, by way of a square; what is beyond them in it goes behind the row.</summary>
    private static void LoadShort(float* origin, long* offsets, float* vectors, int columns)
    {
        var square = stackalloc float[V.Count * V.Count];
        for (var lane = 0; lane < V.Count; lane++)
        {
            V.Store(square + (lane * V.Count), V.LoadFirst(origin + offsets[lane], columns));
        }

        V.Transpose(new StridedRows(square, V.Count), new StridedRows(vectors, V.Count));
    }

    private static void StoreShort(float* vectors, float* origin, long* offsets, int columns)
    {
        var square = stackalloc float[V.Count * V.Count];
        V.Transpose(new StridedRows(vectors, V.Count), new StridedRows(square, V.Count));
        for (var lane = 0; lane < V.Count; lane++)
        {
            V.StoreFirst(origin + offsets[lane], V.Load(square + (lane * V.Count)), columns);
        }
    }
}
