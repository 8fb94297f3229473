using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A factor of a product as tensor cores want it: bf16, terms adjacent, padded with zeros to whole tiles of 64 items (rows
/// of op(A), columns of op(B)) by 32 terms, so that the product itself needs no guards.
/// Threads: 256 for one tile, which goes through shared memory: read along whichever index is adjacent, written as 16
/// bytes of one item a thread. Bytes: 6 per element.
/// </summary>
internal readonly struct Bf16Packing
{
    /// <summary>Items of a tile.</summary>
    public const int Items = 64;

    /// <summary>Terms of a tile.</summary>
    public const int Terms = 32;

    /// <summary>Terms in 16 bytes.</summary>
    public const int TermsOfChunk = 8;

    private const int Threads = 256;
    private const int Row = Terms + 1;

    private static readonly GpuKernel TermsFirst = new(Kernel<TermsAdjacent>, Threads);
    private static readonly GpuKernel ItemsFirst = new(Kernel<ItemsAdjacent>, Threads);

    private readonly int _items;
    private readonly int _terms;

    public Bf16Packing(int items, int terms)
    {
        _items = items;
        _terms = terms;
    }

    /// <summary>Both kernels.</summary>
    public static IReadOnlyList<GpuKernel> Kernels { get; } = [TermsFirst, ItemsFirst];

    /// <summary>Tiles along the items.</summary>
    public int ItemTiles => GridCover.Blocks(_items, Items);

    /// <summary>Tiles along the terms.</summary>
    public int TermTiles => GridCover.Blocks(_terms, Terms);

    /// <summary>Chunks of 16 bytes in one packed item.</summary>
    public int ChunksOfItem => TermTiles * (Terms / TermsOfChunk);

    /// <summary>Chunks of the whole packed factor.</summary>
    public long Chunks => (long)ItemTiles * Items * ChunksOfItem;

    /// <summary>Packs a factor.</summary>
    /// <param name="device">Where.</param>
    /// <param name="x">The factor.</param>
    /// <param name="stride">Elements from one of its rows in memory to the next.</param>
    /// <param name="termsAreAdjacent">Whether those rows run along the terms.</param>
    /// <param name="packed"><see cref="Chunks"/> chunks.</param>
    public void Launch(GpuDevice device, Slice<float> x, int stride, bool termsAreAdjacent, Slice<UInt4> packed) =>
        device.Prepare(termsAreAdjacent ? TermsFirst : ItemsFirst)
            .With(x).With(packed).With(stride).With(_items).With(_terms).With(ChunksOfItem)
            .On(new GridSize(ItemTiles, TermTiles));

    private static void Kernel<T>(ArrayView<float> x, ArrayView<UInt4> packed, int stride, int items, int terms, int chunksOfItem)
        where T : struct, IMatMulFactor
    {
        var tile = SharedMemory.Allocate<float>(Items * Row);
        var item = Grid.IdxX * Items;
        var term = Grid.IdxY * Terms;
        for (var i = Group.IdxX; i < Items * Terms; i += Threads)
        {
            var itemOfTile = T.TermsAreAdjacent ? i / Terms : i & (Items - 1);
            var termOfTile = T.TermsAreAdjacent ? i & (Terms - 1) : i / Items;
            var value = 0f;
            if (item + itemOfTile < items && term + termOfTile < terms)
            {
                value = T.TermsAreAdjacent
                    ? x[((long)(item + itemOfTile) * stride) + term + termOfTile]
                    : x[((long)(term + termOfTile) * stride) + item + itemOfTile];
            }

            tile[(itemOfTile * Row) + termOfTile] = value;
        }

        Group.Barrier();
        var chunk = Group.IdxX & ((Terms / TermsOfChunk) - 1);
        var own = Group.IdxX / (Terms / TermsOfChunk);
        var at = (own * Row) + (chunk * TermsOfChunk);
        packed[((long)(item + own) * chunksOfItem) + (term / TermsOfChunk) + chunk] = new UInt4
        {
            X = TensorCore.PackBf16(tile[at], tile[at + 1]),
            Y = TensorCore.PackBf16(tile[at + 2], tile[at + 3]),
            Z = TensorCore.PackBf16(tile[at + 4], tile[at + 5]),
            W = TensorCore.PackBf16(tile[at + 6], tile[at + 7]),
        };
    }
}
