using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>Blocks of a launch along each dimension: up to 2^31-1 along x, 65535 along y and z.</summary>
public readonly record struct GridSize(int X, int Y = 1, int Z = 1)
{
    /// <summary>The most blocks along y, and along z.</summary>
    internal const int MostAcross = 65535;

    /// <summary>Number of blocks.</summary>
    public long Blocks => (long)X * Y * Z;

    /// <summary>Blocks that cover <paramref name="items"/> with <paramref name="each"/> per block.</summary>
    /// <exception cref="KernelException">More than a grid can have.</exception>
    public static int Cover(long items, int each)
    {
        var blocks = (items + each - 1) / each;
        return blocks <= int.MaxValue
            ? (int)blocks
            : throw new KernelException($"{items} items take {blocks} blocks, a grid has at most {int.MaxValue}");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{X}x{Y}x{Z}";

    /// <summary>Whether blocks that cover so many items fit along y; if not, the most items that do.</summary>
    internal static bool FitsAcross(string name, int items, int each, [NotNullWhen(false)] out string? reason)
    {
        var most = (long)MostAcross * each;
        reason = items <= most ? null : $"{name} is {items}, the grid has room for {most}";
        return reason is null;
    }

    /// <summary>Throws what a driver would refuse.</summary>
    internal void Validate(string kernel)
    {
        if (X < 1 || Y is < 1 or > MostAcross || Z is < 1 or > MostAcross)
        {
            throw new KernelException(
                $"{kernel}: a grid has 1 to {int.MaxValue} x {MostAcross} x {MostAcross} blocks, not {this}");
        }
    }
}
