using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Where the numbers of a patch lie, so that kernels read patches in place: element k of patch n of image b is
/// <c>image[ImageOffset(b, n) + table[k]]</c>.
/// </summary>
internal static unsafe class PatchOffsets
{
    /// <summary>Fills the C p p offsets of (channel, row, column) from a patch's first pixel.</summary>
    public static void Fill(in PatchGrid grid, nint* table)
    {
        for (var c = 0; c < grid.Channels; c++)
        {
            for (var row = 0; row < grid.PatchSize; row++)
            {
                for (var column = 0; column < grid.PatchSize; column++)
                {
                    *table++ = (((c * grid.ImageSize) + row) * grid.ImageSize) + column;
                }
            }
        }
    }

    /// <summary>The first pixel of patch <paramref name="patch"/> of image <paramref name="image"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long First(in PatchGrid grid, int image, int patch)
    {
        var (row, column) = Math.DivRem(patch, grid.Side);
        return ((long)image * grid.ImageElements) + (((row * grid.ImageSize) + column) * (long)grid.PatchSize);
    }
}
