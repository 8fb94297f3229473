using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>Grids whose blocks cover a number of items.</summary>
public static class GridCover
{
    /// <summary>Blocks along x that cover <paramref name="items"/> with <paramref name="each"/> per block.</summary>
    /// <exception cref="KernelException">More than a grid can have.</exception>
    public static int Blocks(long items, int each)
    {
        var blocks = (items + each - 1) / each;
        return blocks <= int.MaxValue
            ? (int)blocks
            : throw new KernelException($"{items} items take {blocks} blocks, a grid has at most {int.MaxValue}");
    }

    /// <summary>Whether blocks that cover so many items fit along y; if not, the most items that do.</summary>
    public static bool FitsAcross(string name, int items, int each, [NotNullWhen(false)] out string? reason)
    {
        var max = (long)GridSize.MaxAcross * each;
        reason = items <= max ? null : $"{name} is {items}, the grid has room for {max}";
        return reason is null;
    }
}
