using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Two matrices that a kernel computes with their product, element by element: what lies behind an index is the
/// implementer's business, so a matrix that is scattered over images needs no copy.
/// </summary>
internal interface ITileProblem
{
    /// <summary>Whether neighbours in memory follow the depth (else the row or column): decides who loads what.</summary>
    static abstract bool IsDeep { get; }

    /// <summary>An element of the left matrix; zero outside it.</summary>
    float Left(int row, int depth);

    /// <summary>An element of the right matrix; zero outside it.</summary>
    float Right(int depth, int column);

    /// <summary>Takes a finished element; called for places outside the result as well.</summary>
    void Store(int row, int column, float value);
}

/// <summary>
/// A block's 64 x 64 tile of a product: 16 of the depth at a time go through shared memory, and a thread keeps 4 x 4
/// sums in registers. Terms are added in the order of the depth.
/// Threads: 256. Shared memory: 8.25 KiB. Limits: none.
/// </summary>
internal static class TileProduct
{
    /// <summary>Rows and columns of a tile.</summary>
    public const int Side = 64;

    /// <summary>Threads of a block.</summary>
    public const int Threads = 256;

    /// <summary>What loops of a kernel with such a tile must be written out to (<see cref="GpuKernel.Unroll"/>).</summary>
    public const int Unroll = 4;

    private const int Depth = 16;
    private const int Across = Threads / Depth;

    // Two more than the tile: the lanes that load 16 depths of two lines write to 32 different banks.
    private const int Stride = Side + 2;

    /// <summary>Computes the tile whose first element is given, over the depths start to end - 1.</summary>
    public static void Run<P>(P problem, int firstRow, int firstColumn, int start, int end)
        where P : struct, ITileProblem
    {
        var left = SharedMemory.Allocate<float>(Depth * Stride);
        var right = SharedMemory.Allocate<float>(Depth * Stride);
        int y = Group.IdxX / Across, x = Group.IdxX & (Across - 1);
        var acc = new float[16];
        for (var i = 0; i < 4; i++)
        {
            for (var j = 0; j < 4; j++)
            {
                acc[(4 * i) + j] = 0f;
            }
        }

        for (var depth = start; depth < end; depth += Depth)
        {
            Load(problem, left, right, firstRow, firstColumn, depth, end);
            Group.Barrier();
            for (var d = 0; d < Depth; d++)
            {
                float[] a = new float[4], b = new float[4];
                for (var i = 0; i < 4; i++)
                {
                    a[i] = left[(d * Stride) + y + (i * Across)];
                    b[i] = right[(d * Stride) + x + (i * Across)];
                }

                for (var i = 0; i < 4; i++)
                {
                    for (var j = 0; j < 4; j++)
                    {
                        acc[(4 * i) + j] = Scalar.Fma(a[i], b[j], acc[(4 * i) + j]);
                    }
                }
            }

            Group.Barrier();
        }

        for (var i = 0; i < 4; i++)
        {
            for (var j = 0; j < 4; j++)
            {
                problem.Store(firstRow + y + (i * Across), firstColumn + x + (j * Across), acc[(4 * i) + j]);
            }
        }
    }

    /// <summary>Four elements of each side per thread, zero beyond the last depth.</summary>
    private static void Load<P>(
        P problem, ArrayView<float> left, ArrayView<float> right, int firstRow, int firstColumn, int depth, int end)
        where P : struct, ITileProblem
    {
        for (var i = 0; i < Side / Across; i++)
        {
            var number = (i * Threads) + Group.IdxX;
            var line = P.IsDeep ? number / Depth : number & (Side - 1);
            var d = P.IsDeep ? number & (Depth - 1) : number / Side;
            var isInside = depth + d < end;
            left[(d * Stride) + line] = isInside ? problem.Left(firstRow + line, depth + d) : 0;
            right[(d * Stride) + line] = isInside ? problem.Right(depth + d, firstColumn + line) : 0;
        }
    }
}
