using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// The windows of images as a matrix that nobody writes down: a row for each output pixel (image, line, column), a column for each
/// number of its window (tap line, tap column, channel). Places that are no pixel hold zero, and are multiplied as any number:
/// a filter that is not finite makes NaN at the border too.
/// </summary>
/// <param name="Y">Lines.</param>
/// <param name="X">Pixels of a line.</param>
/// <param name="Channels">Channels of a window.</param>
/// <param name="Stride">Numbers from one pixel to the next: the channels of all groups.</param>
internal readonly record struct WindowMap(TapAxis Y, TapAxis X, int Channels, int Stride)
{
    /// <summary>Numbers of a window.</summary>
    public int Elements => Y.Taps * X.Taps * Channels;

    /// <summary>Rows of an image.</summary>
    public int Outputs => Y.Outputs * X.Outputs;

    /// <summary>Where an element lies, counted from the first pixel's first channel; -1 for a zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long At(int row, int element)
    {
        var line = row / X.Outputs;
        var image = line / Y.Outputs;
        var tap = element / Channels;
        var tapLine = tap / X.Taps;
        var y = Y.At(Y.First(line - (image * Y.Outputs)) + tapLine);
        var x = X.At(X.First(row - (line * X.Outputs)) + tap - (tapLine * X.Taps));
        var pixel = ((((long)image * Y.Source) + y) * X.Source) + x;
        return y < 0 || x < 0 ? -1 : (pixel * Stride) + element - (tap * Channels);
    }

    /// <summary>An element of the images.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Load(ArrayView<float> x, int row, int element)
    {
        var at = At(row, element);
        return at < 0 ? 0 : x[at];
    }
}

/// <summary>
/// A group's filter as the right factor of a product, [window, output channel]; or of the gradient of the images, which runs through
/// it from the last tap to the first and has [tap, output channel] for its windows.
/// </summary>
/// <param name="Start">Number from the first that tap 0 of the factor has at its first row and column.</param>
/// <param name="Tap">Numbers from one tap of the factor to the next.</param>
/// <param name="Term">From one channel of a window to the next.</param>
/// <param name="Column">From one column to the next.</param>
/// <param name="Channels">Channels of a window.</param>
internal readonly record struct FilterMap(long Start, int Tap, int Term, int Column, int Channels)
{
    /// <summary>The filter of a group as it is.</summary>
    public static FilterMap Of(in ConvolutionShape shape, int group)
    {
        var window = shape.Taps * shape.GroupChannels;
        return new((long)group * shape.GroupOuts * window, shape.GroupChannels, 1, window, shape.GroupChannels);
    }

    /// <summary>The filter of a group, turned round.</summary>
    public static FilterMap Turned(in ConvolutionShape shape, int group)
    {
        var window = shape.Taps * shape.GroupChannels;
        var last = (shape.Taps - 1) * shape.GroupChannels;
        return new(((long)group * shape.GroupOuts * window) + last, -shape.GroupChannels, window, 1, shape.GroupOuts);
    }

    /// <summary>Where a number lies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long At(int element, int column)
    {
        var tap = element / Channels;
        return Start + ((long)tap * Tap) + ((long)(element - (tap * Channels)) * Term) + ((long)column * Column);
    }
}
