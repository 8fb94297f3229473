using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>One kernel of a tiled variant for each head size that the tiles are made for.</summary>
internal sealed class AttentionHeadKernels
{
    private static readonly (int Size, Type Type)[] Sizes =
    [
        (Head32.Size, typeof(Head32)), (Head64.Size, typeof(Head64)), (Head72.Size, typeof(Head72)),
        (Head96.Size, typeof(Head96)), (Head128.Size, typeof(Head128)),
    ];

    private readonly GpuKernel[] _kernels;

    /// <param name="owner">The variant.</param>
    /// <param name="method">Its method with the head size as type argument.</param>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="rows">Rows of heads that a block keeps in shared memory.</param>
    /// <param name="weightRows">Rows of weights beside them.</param>
    public AttentionHeadKernels(Type owner, string method, int threads, int rows, int weightRows) =>
        _kernels =
        [
            .. Sizes.Select(s => new GpuKernel(owner, method, threads, s.Type)
            {
                DynamicSharedBytes =
                    16 * ((rows * AttentionTile.RowPacks(s.Size)) + (weightRows * AttentionTile.WeightRowPacks)),
            }),
        ];

    /// <summary>All of them.</summary>
    public IReadOnlyList<GpuKernel> All => _kernels;

    /// <summary>The one for a head size that is supported.</summary>
    public GpuKernel For(int headSize) => _kernels[Array.FindIndex(Sizes, s => s.Size == headSize)];

    /// <summary>Whether tiles exist for the head size and rows can be read in packs of four.</summary>
    public static bool Supports(int headSize, [NotNullWhen(false)] out string? reason, params ReadOnlySpan<Slice<float>> arrays)
    {
        reason = Array.Exists(Sizes, s => s.Size == headSize)
            ? null
            : $"head size {headSize}; it has tiles for {string.Join(", ", Sizes.Select(s => s.Size))}";
        foreach (var array in arrays)
        {
            reason ??= GlobalMemory.HasAlignedRows(array, headSize) ? null : "an operand does not start at a multiple of 16 bytes";
        }

        return reason is null;
    }
}
