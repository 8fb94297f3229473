namespace DPT.Engine.Kernels;

/// <summary>Sizes that every operator on arrays and rows must survive: 1, primes, and both sides of every edge.</summary>
public static class CaseSizes
{
    /// <summary>Element counts: around vectors of 8 and 16, and beyond one chunk of parallel work.</summary>
    public static IReadOnlyList<int> Counts { get; } =
        [1, 2, 7, 8, 9, 15, 16, 17, 31, 97, HostElementwise.Chunk, HostElementwise.Chunk + 1, (2 * HostElementwise.Chunk) + 8009];

    /// <summary>Rows and columns: the same edges across a row, and rows beyond one chunk.</summary>
    public static IReadOnlyList<(int Rows, int Columns)> Matrices { get; } =
        [(1, 1), (1, 7), (3, 8), (2, 9), (7, 15), (3, 16), (5, 17), (2, 31), (16, 32), (17, 33), (65, 128), (7, 257), (131, 10)];
}
