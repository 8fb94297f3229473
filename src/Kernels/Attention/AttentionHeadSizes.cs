namespace DPT.Engine.Kernels;

/// <summary>The width of a head as a type argument: loops over it and its guards fold when a kernel is compiled.</summary>
internal interface IHeadSize
{
    /// <summary>Floats of a head: a multiple of 32, or 8 more.</summary>
    static abstract int Size { get; }
}

internal readonly struct Head32 : IHeadSize
{
    public static int Size => 32;
}

internal readonly struct Head64 : IHeadSize
{
    public static int Size => 64;
}

internal readonly struct Head72 : IHeadSize
{
    public static int Size => 72;
}

internal readonly struct Head96 : IHeadSize
{
    public static int Size => 96;
}

internal readonly struct Head128 : IHeadSize
{
    public static int Size => 128;
}
