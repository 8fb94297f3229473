using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// One direction of an image under a sliding window: a filter of <paramref name="Kernel"/> taps moves by
/// <paramref name="Stride"/> over <paramref name="Size"/> pixels with zeros before and behind them. Position o of
/// <see cref="Count"/> has pixel <c>o Stride - Before + t</c> under its tap t.
/// </summary>
/// <param name="Size">Pixels, 1 to 2^20.</param>
/// <param name="Kernel">Taps, 1 to 1024, no more than the pixels with their zeros.</param>
/// <param name="Stride">Pixels from one position to the next, 1 to 1024.</param>
/// <param name="Before">Zeros before the first pixel, 0 to 1024.</param>
/// <param name="After">Zeros behind the last pixel, 0 to 1024.</param>
public readonly record struct WindowAxis(int Size, int Kernel, int Stride = 1, int Before = 0, int After = 0)
{
    private const int MaxSize = 1 << 20;
    private const int Most = 1024;

    /// <summary>As many zeros on either side.</summary>
    public static WindowAxis Padded(int size, int kernel, int stride, int padding) => new(size, kernel, stride, padding, padding);

    /// <summary>Positions of the filter.</summary>
    public int Count => ((Size + Before + After - Kernel) / Stride) + 1;

    /// <summary>Which pixel a tap sees, from the position.</summary>
    internal TapAxis Taps => new(Size, Count, Kernel, Stride, Before, Spread: 1);

    /// <summary>
    /// Which position sees a pixel by a tap, counted from the last: the gradient of a pixel is a convolution too, of the
    /// gradients with <c>Stride - 1</c> zeros between them, by the filter turned round.
    /// </summary>
    internal TapAxis TurnedTaps => new(Count, Size, Kernel, 1, Kernel - 1 - Before, Spread: Stride);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Size}/{Kernel}" + (Stride == 1 ? "" : $" s{Stride}") + (Before == 0 && After == 0 ? "" : Before == After ? $" p{Before}" : $" p{Before}+{After}");

    internal void Validate(string op, string name)
    {
        Require.Size(op, $"{name} size", Size, 1, MaxSize);
        Require.Size(op, $"{name} stride", Stride, 1, Most);
        Require.Size(op, $"{name} padding before", Before, 0, Most);
        Require.Size(op, $"{name} padding after", After, 0, Most);
        Require.Size(op, $"{name} kernel", Kernel, 1, Math.Min(Most, (long)Size + Before + After));
    }
}

/// <summary>
/// What the taps of an output see of a source, in either direction of a convolution: output o has element
/// <c>(o Step - Before + t) / Spread</c> under tap t, if that is a whole number and an element, and else zero.
/// </summary>
/// <param name="Source">Elements of the source.</param>
/// <param name="Outputs">Outputs.</param>
/// <param name="Taps">Taps.</param>
/// <param name="Step">From one output to the next, on the spread source.</param>
/// <param name="Before">Where the first output's first tap is, before the source; it may be behind its start.</param>
/// <param name="Spread">From one element of the source to the next; between them there are zeros.</param>
internal readonly record struct TapAxis(int Source, int Outputs, int Taps, int Step, int Before, int Spread)
{
    /// <summary>Where tap 0 of an output is, on the spread source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int First(int output) => (output * Step) - Before;

    /// <summary>The element at a place of the spread source; -1 for a zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int At(int place)
    {
        var element = place / Spread;
        return place >= 0 && element < Source && element * Spread == place ? element : -1;
    }
}
