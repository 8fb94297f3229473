using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>Filters of convolutions: PyTorch has the channels second, [C', C, kh, kw], a <see cref="Conv2d"/> has them last, [C', kh, kw, C].</summary>
internal static class FilterLayout
{
    /// <summary>The sizes as PyTorch has them, of ours.</summary>
    public static TensorShape ChannelsSecond(TensorShape ours) => new(ours[0], ours[3], ours[1], ours[2]);

    /// <summary>A filter as PyTorch has it, of ours.</summary>
    /// <param name="values">The filter.</param>
    /// <param name="ours">Its sizes, channels last.</param>
    public static float[] ChannelsSecond(float[] values, TensorShape ours) => Turned(values, rows: ours[1] * ours[2], columns: ours[3]);

    /// <summary>A filter of ours, as PyTorch has it.</summary>
    /// <param name="values">The filter.</param>
    /// <param name="ours">The sizes of the result, channels last.</param>
    public static float[] ChannelsLast(float[] values, TensorShape ours) => Turned(values, rows: ours[3], columns: ours[1] * ours[2]);

    /// <summary>Matrices one behind the other, each transposed.</summary>
    private static float[] Turned(float[] values, int rows, int columns)
    {
        var turned = new float[values.Length];
        for (var first = 0; first < values.Length; first += rows * columns)
        {
            for (var i = 0; i < rows * columns; i++)
            {
                turned[first + (i % columns * rows) + (i / columns)] = values[first + i];
            }
        }

        return turned;
    }
}
