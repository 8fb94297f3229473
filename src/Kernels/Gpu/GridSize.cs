namespace DPT.Engine.Kernels;

/// <summary>Blocks of a launch along each dimension: up to 2^31-1 along x, 65535 along y and z.</summary>
public readonly record struct GridSize(int X, int Y = 1, int Z = 1)
{
    /// <summary>Number of blocks.</summary>
    public long Blocks => (long)X * Y * Z;

    /// <summary>Blocks that cover <paramref name="items"/> with <paramref name="each"/> per block.</summary>
    public static int Cover(long items, int each) => checked((int)((items + each - 1) / each));

    /// <inheritdoc/>
    public override string ToString() => $"{X}x{Y}x{Z}";
}
