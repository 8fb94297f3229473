namespace DPT.Engine.Kernels;

/// <summary>Columns of a warpgroup's 64 rows, as a type argument, with the sums of that size.</summary>
/// <typeparam name="TSums">A thread's sums.</typeparam>
internal interface IGroupColumns<TSums> where TSums : struct
{
    /// <summary>Columns.</summary>
    static abstract int Count { get; }

    /// <inheritdoc cref="Sums128.Zero"/>
    static abstract TSums Zero();

    /// <inheritdoc cref="WarpGroup.Multiply(Sums128, ulong, ulong, int)"/>
    static abstract TSums TermsByTerms(TSums sums, ulong a, ulong b, int keep);

    /// <inheritdoc cref="WarpGroup.MultiplyByRows(Sums128, UInt4, ulong, int)"/>
    static abstract TSums FragmentByRows(TSums sums, UInt4 a, ulong b);

    /// <summary>The sums of eight columns.</summary>
    static abstract Float4 Block(TSums sums, int block);

    /// <summary>The sums with others for eight columns.</summary>
    static abstract TSums WithBlock(TSums sums, int block, Float4 value);
}

internal readonly struct Columns32 : IGroupColumns<Sums32>
{
    public static int Count => 32;

    public static Sums32 Zero() => Sums32.Zero();

    public static Sums32 TermsByTerms(Sums32 sums, ulong a, ulong b, int keep) => WarpGroup.Multiply(sums, a, b, keep);

    public static Sums32 FragmentByRows(Sums32 sums, UInt4 a, ulong b) => WarpGroup.MultiplyByRows(sums, a, b, 1);

    public static Float4 Block(Sums32 sums, int block) => sums[block];

    public static Sums32 WithBlock(Sums32 sums, int block, Float4 value)
    {
        sums[block] = value;
        return sums;
    }
}

internal readonly struct Columns64 : IGroupColumns<Sums64>
{
    public static int Count => 64;

    public static Sums64 Zero() => Sums64.Zero();

    public static Sums64 TermsByTerms(Sums64 sums, ulong a, ulong b, int keep) => WarpGroup.Multiply(sums, a, b, keep);

    public static Sums64 FragmentByRows(Sums64 sums, UInt4 a, ulong b) => WarpGroup.MultiplyByRows(sums, a, b, 1);

    public static Float4 Block(Sums64 sums, int block) => sums[block];

    public static Sums64 WithBlock(Sums64 sums, int block, Float4 value)
    {
        sums[block] = value;
        return sums;
    }
}

internal readonly struct Columns96 : IGroupColumns<Sums96>
{
    public static int Count => 96;

    public static Sums96 Zero() => Sums96.Zero();

    public static Sums96 TermsByTerms(Sums96 sums, ulong a, ulong b, int keep) => WarpGroup.Multiply(sums, a, b, keep);

    public static Sums96 FragmentByRows(Sums96 sums, UInt4 a, ulong b) => WarpGroup.MultiplyByRows(sums, a, b, 1);

    public static Float4 Block(Sums96 sums, int block) => sums[block];

    public static Sums96 WithBlock(Sums96 sums, int block, Float4 value)
    {
        sums[block] = value;
        return sums;
    }
}

internal readonly struct Columns128 : IGroupColumns<Sums128>
{
    public static int Count => 128;

    public static Sums128 Zero() => Sums128.Zero();

    public static Sums128 TermsByTerms(Sums128 sums, ulong a, ulong b, int keep) => WarpGroup.Multiply(sums, a, b, keep);

    public static Sums128 FragmentByRows(Sums128 sums, UInt4 a, ulong b) => WarpGroup.MultiplyByRows(sums, a, b, 1);

    public static Float4 Block(Sums128 sums, int block) => sums[block];

    public static Sums128 WithBlock(Sums128 sums, int block, Float4 value)
    {
        sums[block] = value;
        return sums;
    }
}
