using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>
/// The kernels of a tiled variant, two for each width of a tile: one for heads that fill it, whose guards are gone, and one
/// for narrower heads. A head takes the smallest tile that holds it.
/// </summary>
internal sealed class AttentionHeadKernels
{
    private static readonly (int Size, Type Filled, Type Within)[] Tiles =
    [
        (Head32.Size, typeof(Head32), typeof(Within32)), (Head64.Size, typeof(Head64), typeof(Within64)),
        (Head72.Size, typeof(Head72), typeof(Within72)), (Head96.Size, typeof(Head96), typeof(Within96)),
        (Head128.Size, typeof(Head128), typeof(Within128)),
    ];

    private static readonly int Widest = Tiles[^1].Size;

    private readonly GpuKernel[] _filled;
    private readonly GpuKernel[] _within;

    /// <param name="kernel">A method with the tile as type argument, whichever tile it is.</param>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="rows">Rows of heads that a block keeps in shared memory.</param>
    /// <param name="weightRows">Rows of weights beside them.</param>
    /// <param name="sparesRegisters">
    /// Whether the assembler may spill registers to fit more blocks; if not, it counts on as many as shared memory has room for.
    /// </param>
    public AttentionHeadKernels(Delegate kernel, int threads, int rows, int weightRows, bool sparesRegisters = true)
    {
        _filled = [.. Tiles.Select(t => Make(t.Size, t.Filled))];
        _within = [.. Tiles.Select(t => Make(t.Size, t.Within))];
        All = [.. _filled, .. _within];

        GpuKernel Make(int width, Type tile)
        {
            var bytes = 16 * ((rows * HeadTile.StrideOf(width)) + (weightRows * HeadTile.WeightStride));
            return new GpuKernel(kernel, threads, tile)
            {
                Unroll = 4,
                DynamicSharedBytes = bytes,
                BlocksPerMultiprocessor = sparesRegisters ? 0 : PtxArchitecture.Sm80.SharedBytes / bytes,
            };
        }
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<GpuKernel> All { get; }

    /// <summary>The one for a head size that is supported.</summary>
    public GpuKernel For(int headSize)
    {
        var smallest = 0;
        while (Tiles[smallest].Size < headSize)
        {
            smallest++;
        }

        return Tiles[smallest].Size == headSize ? _filled[smallest] : _within[smallest];
    }

    /// <summary>Whether a tile holds the head and rows can be read in packs of four.</summary>
    public static bool Supports(int headSize, [NotNullWhen(false)] out string? reason, params ReadOnlySpan<Slice<float>> arrays)
    {
        reason = headSize % 4 == 0 && headSize <= Widest
            ? null
            : $"head size {headSize}; it serves head sizes that are multiples of 4 up to {Widest}";
        foreach (var array in arrays)
        {
            reason ??= GlobalMemory.HasAlignedRows(array, headSize) ? null : "an operand does not start at a multiple of 16 bytes";
        }

        return reason is null;
    }
}
