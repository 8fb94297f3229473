namespace DPT.Engine.Ptx;

/// <summary>Blocks of a launch along each dimension: up to 2^31-1 along x, 65535 along y and z.</summary>
public readonly record struct GridSize(int X, int Y = 1, int Z = 1)
{
    /// <summary>The most blocks along y, and along z.</summary>
    public const int MaxAcross = 65535;

    /// <summary>The limits in words.</summary>
    public static string Limits => $"1 to {int.MaxValue} x {MaxAcross} x {MaxAcross} blocks";

    /// <summary>Number of blocks.</summary>
    public long Blocks => (long)X * Y * Z;

    /// <summary>Whether a driver takes it.</summary>
    public bool IsWithinLimits => X >= 1 && Y is >= 1 and <= MaxAcross && Z is >= 1 and <= MaxAcross;

    /// <inheritdoc/>
    public override string ToString() => $"{X}x{Y}x{Z}";
}
