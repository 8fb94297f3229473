using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Rows of a head on their way to warpgroups: boxes of 64 channels that bulk copies bring to shared memory with the 128-byte swizzle, the
/// boxes of a tile behind each other. So a tile is a factor by its terms (queries and keys, over channels) and one by its rows (values, over
/// keys) alike. What lies beyond a sequence, and channels beyond a head, are zeros.
/// </summary>
internal static class GroupHeadTile<T> where T : struct, IHeadSize
{
    private const int BytesOfRow = GroupHeadTiles.ChannelsOfBox * 2;

    /// <summary>Boxes side by side.</summary>
    public static int Boxes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (T.Size + GroupHeadTiles.ChannelsOfBox - 1) / GroupHeadTiles.ChannelsOfBox;
    }

    /// <summary>Steps of 16 channels.</summary>
    public static int Steps
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (T.Size + 15) / 16;
    }

    /// <summary>Bytes of a tile of so many rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Bytes(int rows) => Boxes * rows * BytesOfRow;

    /// <summary>Starts the copies of a tile; its bytes count for the barrier.</summary>
    /// <param name="to">In shared memory, a multiple of 1024.</param>
    /// <param name="map">Of that many rows.</param>
    /// <param name="rows">Rows of the tile, a constant.</param>
    /// <param name="token">The first token.</param>
    /// <param name="head">Number of the head among those of queries, keys and values.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="barrier">The barrier.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(int to, TensorMap map, int rows, int token, int head, int sequence, int barrier)
    {
        for (var box = 0; box < Boxes; box++)
        {
            BulkCopy.Load(to + (box * rows * BytesOfRow), map, box * GroupHeadTiles.ChannelsOfBox, token, head, sequence, barrier);
        }
    }

    /// <summary>From the descriptor of a tile by its terms to that of a step of 16 channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong OfTerms(int rows, int step) => (ulong)(uint)((step / 4 * rows * BytesOfRow / 16) + (step % 4 * 2));

    /// <summary>The descriptor of a tile by its rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ByRows(int address, int rows) => WarpGroup.ByRows(address, rows * BytesOfRow);

    /// <summary>From the descriptor of a tile by its rows to that of a step of 16 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong OfRows(int step) => (ulong)(uint)(step * 16 * BytesOfRow / 16);
}

/// <summary>The host's side of <see cref="GroupHeadTile{T}"/>, the same for all heads.</summary>
internal static class GroupHeadTiles
{
    /// <summary>Channels of a box.</summary>
    public const int ChannelsOfBox = 64;

    /// <summary>Boxes of so many rows. The dimensions are channels, tokens, heads (of queries, then of keys, then of values) and sequences.</summary>
    /// <param name="qkv">[B,L,3,H,d].</param>
    /// <param name="dims">The sizes.</param>
    /// <param name="rows">Rows of a box, at most 256.</param>
    public static TensorTiles Of(Slice<BFloat16> qkv, in AttentionShape dims, int rows) => Of(qkv, in dims, 3 * dims.Heads, rows);

    /// <summary>The same of the gradients of results.</summary>
    /// <param name="x">[B,L,H,d].</param>
    /// <param name="dims">The sizes.</param>
    /// <param name="rows">Rows of a box, at most 256.</param>
    public static TensorTiles OfPlain(Slice<BFloat16> x, in AttentionShape dims, int rows) => Of(x, in dims, dims.Heads, rows);

    private static TensorTiles Of(Slice<BFloat16> x, in AttentionShape dims, long heads, int rows)
    {
        var token = heads * dims.HeadSize;
        return TensorTiles.Of(
            x, [dims.HeadSize, dims.Tokens, heads, dims.Batch], [token, dims.HeadSize, token * dims.Tokens], [ChannelsOfBox, rows, 1, 1]);
    }
}
