using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// How kernels deal out [Images, Pixels, Channels]: a block has 32 neighbouring channels, a lane each, of a piece of an image's
/// pixels, of which each of its warps takes every eighth. A piece has at least 64 pixels, and an image at most 512 pieces, by its number of
/// pixels alone: an image has the same sums in every batch.
/// </summary>
internal readonly struct ChannelCut
{
    /// <summary>Threads of a block.</summary>
    public const int Threads = ColumnSums.Columns * ColumnSums.Warps;

    private const int MinPixels = 64;
    private const int MaxPieces = 512;

    /// <summary>Cuts a matrix.</summary>
    public ChannelCut(ChannelNormShape shape)
    {
        (Pixels, Channels, GroupSize) = (shape.Pixels, shape.Channels, shape.GroupSize);
        PixelsOfPiece = Math.Max(MinPixels, GridCover.Blocks(Pixels, MaxPieces));
        Pieces = GridCover.Blocks(Pixels, PixelsOfPiece);
    }

    /// <summary>Pixels of an image.</summary>
    public int Pixels { get; }

    /// <summary>Numbers of a pixel.</summary>
    public int Channels { get; }

    /// <summary>Channels of a group.</summary>
    public int GroupSize { get; }

    /// <summary>Pixels of every piece but the last, which may have fewer.</summary>
    public int PixelsOfPiece { get; }

    /// <summary>Pieces of an image.</summary>
    public int Pieces { get; }

    /// <summary>Blocks for every piece of so many images.</summary>
    public GridSize Over(int images) =>
        new(GridCover.Blocks((long)images * Pieces * GridCover.Blocks(Channels, ColumnSums.Columns), 1));
}

/// <summary>What a thread has of a <see cref="ChannelCut"/>: every eighth pixel of a piece in one channel.</summary>
internal readonly struct ChannelPiece
{
    private readonly long _first;
    private readonly int _channels;

    /// <summary>The calling thread's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ChannelPiece(ChannelCut cut)
    {
        var across = (cut.Channels + ColumnSums.Columns - 1) / ColumnSums.Columns;
        var number = Grid.IdxX / across;
        var image = number / cut.Pieces;
        var start = (number - (image * cut.Pieces)) * cut.PixelsOfPiece;
        Number = number;
        Channel = ((long)(Grid.IdxX - (number * across)) * ColumnSums.Columns) + WarpReduce.Lane;
        IsThere = Channel < cut.Channels;
        Pixels = Math.Min(cut.PixelsOfPiece, cut.Pixels - start);
        Statistic = (image * (long)(cut.Channels / cut.GroupSize)) + (Channel / cut.GroupSize);
        Origin = ((long)image * cut.Pixels * cut.Channels) + Channel;
        _channels = cut.Channels;
        _first = Origin + ((long)start * cut.Channels);
    }

    /// <summary>Which piece, counted over all images.</summary>
    public long Number { get; }

    /// <summary>The channel; beyond the last in some lanes.</summary>
    public long Channel { get; }

    /// <summary>Whether there is such a channel.</summary>
    public bool IsThere { get; }

    /// <summary>Pixels of the piece.</summary>
    public int Pixels { get; }

    /// <summary>The channel's group of the image.</summary>
    public long Statistic { get; }

    /// <summary>Index of the image's first number of the channel.</summary>
    public long Origin { get; }

    /// <summary>How many of the thread's next so many pixels there are, from one on: 0 for none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int There(int pixel, int atOnce) => Math.Min(atOnce, (Pixels - pixel + ColumnSums.Warps - 1) / ColumnSums.Warps);

    /// <summary>Index of the number of a pixel of the piece.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long At(int pixel) => _first + ((long)pixel * _channels);

    /// <summary>Index of the last of so many of the thread's pixels, or of the one that is asked for, if it is before that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long AtMost(int pixel, int number, int there) => At(pixel + (Math.Min(number, there - 1) * ColumnSums.Warps));
}

/// <summary>The sizes of a <see cref="ChannelCut"/> as arguments of a launch.</summary>
internal static class ChannelCutArguments
{
    /// <summary>The next arguments, a cut.</summary>
    public static ref KernelLaunch With(this ref KernelLaunch launch, ChannelCut cut) =>
        ref launch.With(cut.Pixels).With(cut.Channels).With(cut.GroupSize).With(cut.PixelsOfPiece).With(cut.Pieces);
}
