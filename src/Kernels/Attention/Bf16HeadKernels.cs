using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>The kernels of a variant for tensor cores, one for each head size that it serves.</summary>
internal sealed class Bf16HeadKernels
{
    /// <summary>More than the blocks of sums that a lane can have, and than the numbers of a strip's fragments.</summary>
    private const int LongestLoop = 32;

    private static readonly (int Size, Type Tile)[] Tiles =
    [
        (Head32.Size, typeof(Head32)), (Head64.Size, typeof(Head64)), (Head72.Size, typeof(Head72)), (Head96.Size, typeof(Head96)),
        (Head128.Size, typeof(Head128)),
    ];

    /// <param name="kernel">A method with the head size as type argument, whichever it is.</param>
    /// <param name="rows">Rows that a block keeps in shared memory, by head size.</param>
    /// <param name="blocks">
    /// Blocks that shall fit on a multiprocessor, by head size, where the assembler would spill registers to fit more; 0 where it would not.
    /// </param>
    public Bf16HeadKernels(Delegate kernel, Func<int, int> rows, params int[] blocks)
        : this(kernel, _ => Bf16HeadTile.Threads, rows, blocks)
    {
    }

    /// <param name="kernel">A method with the head size as type argument, whichever it is.</param>
    /// <param name="threads">Threads of a block, by head size.</param>
    /// <param name="rows">Rows that a block keeps in shared memory, by head size.</param>
    /// <param name="blocks">As above.</param>
    public Bf16HeadKernels(Delegate kernel, Func<int, int> threads, Func<int, int> rows, params int[] blocks)
        : this(kernel, PtxArchitecture.Sm80, threads, rows, blocks)
    {
    }

    /// <param name="kernel">A method with the head size as type argument, whichever it is.</param>
    /// <param name="least">The least architecture that it runs on.</param>
    /// <param name="threads">Threads of a block, by head size.</param>
    /// <param name="rows">Rows that a block keeps in shared memory, by head size.</param>
    /// <param name="blocks">As above; as many of the first head sizes as numbers are given.</param>
    public Bf16HeadKernels(
        Delegate kernel, PtxArchitecture least, Func<int, int> threads, Func<int, int> rows, params int[] blocks) => All =
    [
        .. Tiles.Zip(blocks, (t, count) => new GpuKernel(kernel, threads(t.Size), t.Tile)
        {
            MinArchitecture = least,
            DynamicSharedBytes = rows(t.Size) * t.Size * sizeof(ushort),
            BlocksPerMultiprocessor = count,
            Unroll = LongestLoop,
        }),
    ];

    /// <summary>All of them.</summary>
    public IReadOnlyList<GpuKernel> All { get; }

    /// <summary>The one for a head size that is supported.</summary>
    public GpuKernel For(int headSize) => All[Array.FindIndex(Tiles, t => t.Size == headSize)];

    /// <summary>Whether there is a kernel for the head size, and rows can be copied in chunks.</summary>
    public static bool Supports(int headSize, [NotNullWhen(false)] out string? reason, params ReadOnlySpan<Slice<BFloat16>> arrays)
    {
        reason = Array.Exists(Tiles, t => t.Size == headSize)
            ? null
            : $"head size {headSize}; it serves {string.Join(", ", Tiles.Select(t => t.Size))}";
        foreach (var array in arrays)
        {
            reason ??= Bf16Memory.HasChunkedRows(array, headSize) ? null : "an operand does not start at a multiple of 16 bytes";
        }

        return reason is null;
    }
}
