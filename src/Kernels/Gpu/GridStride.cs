using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// How elementwise kernels deal out their work: neighbouring threads take neighbouring elements, and each goes on by the
/// size of the whole grid until the elements are used up. Indices are long: arrays may pass 2^31 elements.
/// </summary>
public static class GridStride
{
    /// <summary>Threads of a block.</summary>
    public const int Threads = 256;

    /// <summary>Enough to fill the largest card twice; more blocks would only start and end.</summary>
    private const int MaxBlocks = 2048;

    /// <summary>The limit of a grid along y.</summary>
    public const int MaxRows = GridSize.MaxAcross;

    /// <summary>The calling thread's first element.</summary>
    public static long First => ((long)Grid.IdxX * Group.DimX) + Group.IdxX;

    /// <summary>From one of its elements to the next.</summary>
    public static long Step => (long)Grid.DimX * Group.DimX;

    /// <summary>Sets the calling thread's elements to zero.</summary>
    internal static void Clear(ArrayView<float> values, long count)
    {
        for (var i = First; i < count; i += Step)
        {
            values[i] = 0;
        }
    }

    /// <summary>The grid for that many elements.</summary>
    public static GridSize Over(long count) => new((int)Math.Min(MaxBlocks, (count + Threads - 1) / Threads));

    /// <summary>The grid for rows of elements: elements along x, rows along y, where the kernel strides as well.</summary>
    public static GridSize Over(int rows, long elements) =>
        new((int)Math.Min(MaxBlocks, (elements + Threads - 1) / Threads), Math.Min(rows, MaxRows));
}
