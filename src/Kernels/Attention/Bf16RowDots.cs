using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace DPT.Engine.Kernels;

/// <summary>
/// What the gradient of a head needs of each query, in shared memory: its log-sum-exp to base two (X) and D, the sum of dO O (Y), in fp32.
/// Four lanes add up a row, in a fixed order.
/// </summary>
internal readonly struct Bf16RowDots
{
    private const int LanesOfRow = 4;

    private readonly ArrayView<Float2> _rows;
    private readonly ArrayView<UInt4> _output;
    private readonly ArrayView<UInt4> _dOutput;
    private readonly ArrayView<float> _logSumExp;
    private readonly GpuAttentionHead _head;
    private readonly int _count;

    /// <param name="output">The result.</param>
    /// <param name="dOutput">Its gradient.</param>
    /// <param name="logSumExp">The log-sum-exps.</param>
    /// <param name="head">The head.</param>
    /// <param name="count">Queries that there are.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Bf16RowDots(
        ArrayView<BFloat16> output, ArrayView<BFloat16> dOutput, ArrayView<float> logSumExp, GpuAttentionHead head, int count)
    {
        _rows = SharedMemory.Allocate<Float2>(Bf16ShortHead.Pieces * Bf16ShortHead.Piece).AsAligned(16);
        _output = output.Cast<UInt4>();
        _dOutput = dOutput.Cast<UInt4>();
        _logSumExp = logSumExp;
        _head = head;
        _count = count;
    }

    /// <summary>Shared memory that it takes.</summary>
    public static int SharedBytes => 2 * sizeof(float) * Bf16ShortHead.Pieces * Bf16ShortHead.Piece;

    /// <summary>Both numbers of a row that some warp has summed, behind a barrier.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float2 Of(int row) => _rows[row];

    /// <summary>Sums the rows of some strips, each by a warp of the block; zeros behind the last row.</summary>
    /// <param name="strip">The first strip.</param>
    /// <param name="end">The one behind the last.</param>
    /// <param name="warps">Warps of the block, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Sum<T>(int strip, int end, int warps) where T : struct, IHeadSize
    {
        for (strip += WarpReduce.Warp; strip < end; strip += warps)
        {
            Sum<T>((Bf16HeadTile.Strip * strip) + (WarpReduce.Lane / LanesOfRow));
            Sum<T>((Bf16HeadTile.Strip * strip) + (WarpReduce.Lane / LanesOfRow) + (Bf16HeadTile.Strip / 2));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Sum<T>(int row) where T : struct, IHeadSize
    {
        // Of a row that does not exist another is summed, and dropped.
        var isThere = row < _count;
        var lane = WarpReduce.Lane & (LanesOfRow - 1);
        var at = ((_head.Output + ((long)(isThere ? row : 0) * _head.Width)) / Bf16Memory.OfChunk) + lane;
        var sum = 0f;
        for (var chunk = 0; chunk < Bf16HeadTile.Chunks<T>(); chunk += LanesOfRow)
        {
            if (chunk + LanesOfRow <= Bf16HeadTile.Chunks<T>() || chunk + lane < Bf16HeadTile.Chunks<T>())
            {
                UInt4 x = _output[at + chunk], y = _dOutput[at + chunk];
                sum = Bf16Memory.Widen(x.Low).Dot(Bf16Memory.Widen(y.Low), sum);
                sum = Bf16Memory.Widen(x.High).Dot(Bf16Memory.Widen(y.High), sum);
            }
        }

        sum = Bf16SoftmaxRows.SumOfRow(sum);
        if (lane == 0)
        {
            _rows[row] = new()
            {
                X = isThere ? _logSumExp[_head.Row + row] * GpuAttentionRow.Log2E : 0f,
                Y = isThere ? sum : 0f,
            };
        }
    }
}
