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

    private const int Depth = 16;
    private const int Lines = Threads / Depth;

    // Two more than the tile: the lanes that load 16 depths of two lines write to 32 different banks.
    private const int Stride = Side + 2;

    /// <summary>Computes the tile whose first element is given, over the depths start to end - 1.</summary>
    public static void Run<P>(P problem, int firstRow, int firstColumn, int start, int end)
        where P : struct, ITileProblem
    {
        var left = SharedMemory.Allocate<float>(Depth * Stride);
        var right = SharedMemory.Allocate<float>(Depth * Stride);
        var row = Group.IdxX / Lines;
        var column = Group.IdxX & (Lines - 1);
        Float4 sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        for (var depth = start; depth < end; depth += Depth)
        {
            Load(problem, left, right, firstRow, firstColumn, depth, end);
            Group.Barrier();
            for (var d = 0; d < Depth; d++)
            {
                var at = (d * Stride) + row;
                var b = Columns(right, (d * Stride) + column);
                Add(ref sum0, left[at], b);
                Add(ref sum1, left[at + Lines], b);
                Add(ref sum2, left[at + (2 * Lines)], b);
                Add(ref sum3, left[at + (3 * Lines)], b);
            }

            Group.Barrier();
        }

        Store(problem, firstRow + row, firstColumn + column, sum0);
        Store(problem, firstRow + row + Lines, firstColumn + column, sum1);
        Store(problem, firstRow + row + (2 * Lines), firstColumn + column, sum2);
        Store(problem, firstRow + row + (3 * Lines), firstColumn + column, sum3);
    }

    /// <summary>Four elements of each side per thread, zero beyond the last depth.</summary>
    private static void Load<P>(
        P problem, ArrayView<float> left, ArrayView<float> right, int firstRow, int firstColumn, int depth, int end)
        where P : struct, ITileProblem
    {
        for (var i = 0; i < Side / Lines; i++)
        {
            var number = (i * Threads) + Group.IdxX;
            var line = P.IsDeep ? number / Depth : number & (Side - 1);
            var d = P.IsDeep ? number & (Depth - 1) : number / Side;
            var isInside = depth + d < end;
            left[(d * Stride) + line] = isInside ? problem.Left(firstRow + line, depth + d) : 0;
            right[(d * Stride) + line] = isInside ? problem.Right(depth + d, firstColumn + line) : 0;
        }
    }

    private static Float4 Columns(ArrayView<float> right, int at) => new()
    {
        X = right[at],
        Y = right[at + Lines],
        Z = right[at + (2 * Lines)],
        W = right[at + (3 * Lines)],
    };

    private static void Add(ref Float4 sum, float a, Float4 b)
    {
        sum.X = Scalar.Fma(a, b.X, sum.X);
        sum.Y = Scalar.Fma(a, b.Y, sum.Y);
        sum.Z = Scalar.Fma(a, b.Z, sum.Z);
        sum.W = Scalar.Fma(a, b.W, sum.W);
    }

    private static void Store<P>(P problem, int row, int column, Float4 values) where P : struct, ITileProblem
    {
        problem.Store(row, column, values.X);
        problem.Store(row, column + Lines, values.Y);
        problem.Store(row, column + (2 * Lines), values.Z);
        problem.Store(row, column + (3 * Lines), values.W);
    }
}
