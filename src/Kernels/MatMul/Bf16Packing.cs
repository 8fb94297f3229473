using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// An operand of a product as tensor cores want it: bf16, K-major, padded with zeros to whole tiles of 64 rows of op(A) or
/// columns of op(B) (mn) by 32 of K, so that the product itself needs no guards.
/// Threads: 256 for one tile, which goes through shared memory: read along whichever index is contiguous, written as 16
/// bytes of one row a thread. Bytes: 6 per element.
/// </summary>
internal readonly struct Bf16Packing
{
    /// <summary>Rows of op(A) or columns of op(B) of a tile.</summary>
    public const int TileMn = 64;

    /// <summary>K of a tile.</summary>
    public const int TileK = 32;

    /// <summary>K in 16 bytes.</summary>
    public const int KOfChunk = 8;

    private const int Threads = 256;
    private const int Row = TileK + 1;

    private static readonly GpuKernel FromKMajor = new(Kernel<KMajor>, Threads);
    private static readonly GpuKernel FromMnMajor = new(Kernel<MnMajor>, Threads);

    private readonly int _mn;
    private readonly int _k;

    public Bf16Packing(int mn, int k)
    {
        _mn = mn;
        _k = k;
    }

    /// <summary>Both kernels.</summary>
    public static IReadOnlyList<GpuKernel> Kernels { get; } = [FromKMajor, FromMnMajor];

    /// <summary>Tiles along M or N.</summary>
    public int MnTiles => GridCover.Blocks(_mn, TileMn);

    /// <summary>Tiles along K.</summary>
    public int KTiles => GridCover.Blocks(_k, TileK);

    /// <summary>Chunks of 16 bytes from one packed row to the next.</summary>
    public int PackedStride => KTiles * (TileK / KOfChunk);

    /// <summary>Chunks of the whole packed operand.</summary>
    public long Chunks => (long)MnTiles * TileMn * PackedStride;

    /// <summary>Packs an operand.</summary>
    /// <param name="device">Where.</param>
    /// <param name="x">The operand.</param>
    /// <param name="stride">Elements from one of its rows in memory to the next.</param>
    /// <param name="isKMajor">Whether those rows run along K.</param>
    /// <param name="packed"><see cref="Chunks"/> chunks.</param>
    public void Launch(GpuDevice device, Slice<float> x, int stride, bool isKMajor, Slice<UInt4> packed) =>
        device.Prepare(isKMajor ? FromKMajor : FromMnMajor)
            .With(x).With(packed).With(stride).With(_mn).With(_k).With(PackedStride)
            .On(new GridSize(MnTiles, KTiles));

    private static void Kernel<T>(ArrayView<float> x, ArrayView<UInt4> packed, int stride, int mn, int k, int packedStride)
        where T : struct, IOperandLayout
    {
        var tile = SharedMemory.Allocate<float>(TileMn * Row);
        var firstMn = Grid.IdxX * TileMn;
        var firstK = Grid.IdxY * TileK;
        for (var i = Group.IdxX; i < TileMn * TileK; i += Threads)
        {
            var mnOfTile = T.IsKMajor ? i / TileK : i & (TileMn - 1);
            var kOfTile = T.IsKMajor ? i & (TileK - 1) : i / TileMn;
            var value = 0f;
            if (firstMn + mnOfTile < mn && firstK + kOfTile < k)
            {
                value = T.IsKMajor
                    ? x[((long)(firstMn + mnOfTile) * stride) + firstK + kOfTile]
                    : x[((long)(firstK + kOfTile) * stride) + firstMn + mnOfTile];
            }

            tile[(mnOfTile * Row) + kOfTile] = value;
        }

        Group.Barrier();
        var chunk = Group.IdxX & ((TileK / KOfChunk) - 1);
        var own = Group.IdxX / (TileK / KOfChunk);
        var at = (own * Row) + (chunk * KOfChunk);
        packed[((long)(firstMn + own) * packedStride) + (firstK / KOfChunk) + chunk] = new UInt4
        {
            X = TensorCore.PackBf16(tile[at], tile[at + 1]),
            Y = TensorCore.PackBf16(tile[at + 2], tile[at + 3]),
            Z = TensorCore.PackBf16(tile[at + 4], tile[at + 5]),
            W = TensorCore.PackBf16(tile[at + 6], tile[at + 7]),
        };
    }
}
