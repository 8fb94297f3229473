using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Rows cut into a few fixed chunks that each keep a partial sum per column. The cut depends on the number of rows
/// alone and the partial sums are added in their order, so the result has the same bits for any number of threads.
/// </summary>
public readonly struct RowPartition
{
    private const int MinRows = 16;
    private const int MaxChunks = 64;

    private readonly int _rows;

    /// <summary>Cuts the rows: at least 16 in a chunk, at most 64 chunks.</summary>
    public RowPartition(int rows)
    {
        _rows = rows;
        RowsPerChunk = Math.Max(MinRows, (int)(((long)rows + MaxChunks - 1) / MaxChunks));
        Chunks = (int)(((long)rows + RowsPerChunk - 1) / RowsPerChunk);
    }

    /// <summary>Number of chunks, at most 64.</summary>
    public int Chunks { get; }

    /// <summary>Rows of every chunk but the last, which may be shorter.</summary>
    public int RowsPerChunk { get; }

    /// <summary>First row of a chunk.</summary>
    public int Start(int chunk) => chunk * RowsPerChunk;

    /// <summary>One past the last row of a chunk.</summary>
    public int End(int chunk) => (int)Math.Min(_rows, ((long)chunk + 1) * RowsPerChunk);
}

/// <summary>destination[c] += sum over r of rows[r * Stride + c], in the order of the rows.</summary>
internal unsafe struct RowSum<V> : IElementStep<V> where V : struct, ISimd<V>
{
    public int Rows;
    public long Stride;
    public float* Source;
    public float* Destination;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
    {
        var source = Source + at;
        var sum = V.Zero;
        for (var row = 0; row < Rows; row++, source += Stride)
        {
            sum += L.Load(source, count);
        }

        L.Store(Destination + at, L.Load(Destination + at, count) + sum, count);
    }
}
