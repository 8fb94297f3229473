using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Rows that lie in the registers of a warp, as packs of four floats: lane i has the packs i, 32 + i and so on. There is a kernel
/// for each power of two of packs a lane, and a row takes the first that holds it.
/// </summary>
internal sealed class RowPacks
{
    /// <summary>Packs of a lane at most.</summary>
    public const int Max = 16;

    /// <summary>Below this, most lanes would have nothing to do.</summary>
    private const int MinWidth = 64;

    private const int FloatsOfWarp = WarpReduce.Lanes * FlatPacks.Size;

    private static readonly Type[] Sizes = [typeof(Packs1), typeof(Packs2), typeof(Packs4), typeof(Packs8), typeof(Packs16)];

    private readonly GpuKernel[] _kernels;

    /// <param name="kernel">A method with the packs of a lane as type argument, whichever number it is.</param>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="halvings">How often the longest row is halved, where a lane needs its registers for more than one row.</param>
    public RowPacks(Delegate kernel, int threads, int halvings = 0)
    {
        _kernels = [.. Sizes.SkipLast(halvings).Select(s => new GpuKernel(kernel, threads, s) { Unroll = Max })];
        MaxWidth = (Max >> halvings) * FloatsOfWarp;
    }

    /// <summary>The longest row.</summary>
    public int MaxWidth { get; }

    /// <summary>All of them.</summary>
    public IReadOnlyList<GpuKernel> Kernels => _kernels;

    /// <summary>The one for a width that is supported.</summary>
    public GpuKernel For(int width)
    {
        var smallest = 0;
        while (width > FloatsOfWarp << smallest)
        {
            smallest++;
        }

        return _kernels[smallest];
    }

    /// <summary>Whether this lane's pack of that number is one of the row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Has(int pack, int width) => Column(pack) < width;

    /// <summary>This lane's pack of that number; zeros behind the end of the row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Load(ArrayView<float> x, long row, int pack, int width) =>
        Has(pack, width) ? GlobalMemory.Load4(ref x[row + Column(pack)]) : default;

    /// <summary>The same of a matrix that is kept as floats or, where there are none, in bf16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Load(ArrayView<float> x, ArrayView<BFloat16> rounded, long row, int pack, int width) =>
        !Has(pack, width) ? default
        : rounded.Length > 0 ? Bf16Memory.Widen(Bf16Memory.Load4(ref rounded[row + Column(pack)]))
        : GlobalMemory.Load4(ref x[row + Column(pack)]);

    /// <summary>Writes this lane's pack of that number, if it is one of the row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ArrayView<float> x, long row, int pack, int width, Float4 values)
    {
        if (Has(pack, width))
        {
            GlobalMemory.Store4(ref x[row + Column(pack)], values);
        }
    }

    /// <summary>The same to a matrix that is kept as floats or, where there are none, in bf16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ArrayView<float> x, ArrayView<BFloat16> rounded, long row, int pack, int width, Float4 values)
    {
        if (rounded.Length == 0)
        {
            Store(x, row, pack, width, values);
        }
        else if (Has(pack, width))
        {
            Bf16Memory.Store4(ref rounded[row + Column(pack)], Bf16Memory.Narrow(values));
        }
    }

    /// <summary>Whether a warp holds the row and is busy with it, matrices start at multiples of 16 bytes and rows at those of a pack.</summary>
    /// <param name="width">Elements of a row.</param>
    /// <param name="stride">From one row to the next, where they are not adjacent.</param>
    /// <param name="rounded">A matrix of rows in bf16; empty if there is none.</param>
    /// <param name="reason">Why not.</param>
    /// <param name="operands">Rows, or matrices of rows.</param>
    public bool Supports(
        int width, int stride, Slice<BFloat16> rounded, [NotNullWhen(false)] out string? reason,
        params ReadOnlySpan<Slice<float>> operands)
    {
        reason = width < MinWidth ? $"the width is {width}; rows from {MinWidth} on keep a warp busy"
            : width > MaxWidth ? $"the width is {width}, a warp holds {MaxWidth}"
            : width % FlatPacks.Size != 0 || stride % FlatPacks.Size != 0 ? $"a row is not a multiple of {FlatPacks.Size} long"
            : null;
        return reason is null && FlatPacks.AreAligned(out reason, default, rounded) && FlatPacks.AreAligned(out reason, operands);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Column(int pack) => (pack * FloatsOfWarp) + (WarpReduce.Lane * FlatPacks.Size);

    private readonly struct Packs2 : IRowPacks
    {
        public static int Count => 2;
    }

    private readonly struct Packs4 : IRowPacks
    {
        public static int Count => 4;
    }

    private readonly struct Packs8 : IRowPacks
    {
        public static int Count => 8;
    }

    private readonly struct Packs16 : IRowPacks
    {
        public static int Count => 16;
    }
}

/// <summary>One pack of a row a lane.</summary>
internal readonly struct Packs1 : IRowPacks
{
    public static int Count => 1;
}

/// <summary>How many packs of a row a lane has, as a type argument: loops over them are written out.</summary>
internal interface IRowPacks
{
    /// <summary>The number.</summary>
    static abstract int Count { get; }
}
