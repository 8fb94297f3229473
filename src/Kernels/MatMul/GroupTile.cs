namespace DPT.Engine.Kernels;

/// <summary>Columns of a block whose two warpgroups have 64 rows each, as a type argument, with the sums of that size.</summary>
/// <typeparam name="TSums">A thread's sums.</typeparam>
internal interface IGroupTile<TSums> where TSums : struct
{
    /// <summary>Columns of C that a block computes.</summary>
    static abstract int N { get; }

    /// <summary>Steps of K that lie in shared memory at once.</summary>
    static abstract int Stages { get; }

    /// <inheritdoc cref="Sums256.Zero"/>
    static abstract TSums Zero();

    /// <inheritdoc cref="WarpGroup.Multiply(Sums256, ulong, ulong, int)"/>
    static abstract TSums TermsByTerms(TSums sums, ulong a, ulong b);

    /// <inheritdoc cref="WarpGroup.MultiplyByRows(Sums256, ulong, ulong, int)"/>
    static abstract TSums TermsByRows(TSums sums, ulong a, ulong b);

    /// <inheritdoc cref="WarpGroup.MultiplyRows(Sums256, ulong, ulong, int)"/>
    static abstract TSums RowsByTerms(TSums sums, ulong a, ulong b);

    /// <inheritdoc cref="WarpGroup.MultiplyRowsByRows(Sums256, ulong, ulong, int)"/>
    static abstract TSums RowsByRows(TSums sums, ulong a, ulong b);

    /// <summary>The sums of eight columns.</summary>
    static abstract Float4 Block(TSums sums, int block);
}

/// <summary>For results that fill a card.</summary>
internal readonly struct Group128x256 : IGroupTile<Sums256>
{
    public static int N => 256;

    public static int Stages => 4;

    public static Sums256 Zero() => Sums256.Zero();

    public static Sums256 TermsByTerms(Sums256 sums, ulong a, ulong b) => WarpGroup.Multiply(sums, a, b, 1);

    public static Sums256 TermsByRows(Sums256 sums, ulong a, ulong b) => WarpGroup.MultiplyByRows(sums, a, b, 1);

    public static Sums256 RowsByTerms(Sums256 sums, ulong a, ulong b) => WarpGroup.MultiplyRows(sums, a, b, 1);

    public static Sums256 RowsByRows(Sums256 sums, ulong a, ulong b) => WarpGroup.MultiplyRowsByRows(sums, a, b, 1);

    public static Float4 Block(Sums256 sums, int block) => sums[block];
}

/// <summary>For smaller ones.</summary>
internal readonly struct Group128x128 : IGroupTile<Sums128>
{
    public static int N => 128;

    public static int Stages => 6;

    public static Sums128 Zero() => Sums128.Zero();

    public static Sums128 TermsByTerms(Sums128 sums, ulong a, ulong b) => WarpGroup.Multiply(sums, a, b, 1);

    public static Sums128 TermsByRows(Sums128 sums, ulong a, ulong b) => WarpGroup.MultiplyByRows(sums, a, b, 1);

    public static Sums128 RowsByTerms(Sums128 sums, ulong a, ulong b) => WarpGroup.MultiplyRows(sums, a, b, 1);

    public static Sums128 RowsByRows(Sums128 sums, ulong a, ulong b) => WarpGroup.MultiplyRowsByRows(sums, a, b, 1);

    public static Float4 Block(Sums128 sums, int block) => sums[block];
}
