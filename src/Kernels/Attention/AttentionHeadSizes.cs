namespace DPT.Engine.Kernels;

/// <summary>The width of a tile as a type argument: loops over it and its guards fold when a kernel is compiled.</summary>
internal interface IHeadSize
{
    /// <summary>Floats of the widest head that the tile holds: a multiple of 32, or 8 more.</summary>
    static abstract int Size { get; }

    /// <summary>
    /// Whether the heads are as wide as the tile. If not, they are padded with zeros, and too wide for the next smaller tile.
    /// </summary>
    static abstract bool IsFilled { get; }
}

internal readonly struct Head32 : IHeadSize
{
    public static int Size => 32;

    public static bool IsFilled => true;
}

internal readonly struct Head64 : IHeadSize
{
    public static int Size => 64;

    public static bool IsFilled => true;
}

internal readonly struct Head72 : IHeadSize
{
    public static int Size => 72;

    public static bool IsFilled => true;
}

internal readonly struct Head96 : IHeadSize
{
    public static int Size => 96;

    public static bool IsFilled => true;
}

internal readonly struct Head128 : IHeadSize
{
    public static int Size => 128;

    public static bool IsFilled => true;
}

internal readonly struct Within32 : IHeadSize
{
    public static int Size => 32;

    public static bool IsFilled => false;
}

internal readonly struct Within64 : IHeadSize
{
    public static int Size => 64;

    public static bool IsFilled => false;
}

internal readonly struct Within72 : IHeadSize
{
    public static int Size => 72;

    public static bool IsFilled => false;
}

internal readonly struct Within96 : IHeadSize
{
    public static int Size => 96;

    public static bool IsFilled => false;
}

internal readonly struct Within128 : IHeadSize
{
    public static int Size => 128;

    public static bool IsFilled => false;
}
