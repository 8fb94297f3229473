using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The rows of a tile's left factor, where they lie: an element is found by its row's first element and a distance that is the
/// k's alone. They are walked in order, so that the next one can follow from the one before.
/// </summary>
internal unsafe interface ILeftFactor
{
    /// <summary>First element of a row, 0 to 5; beyond the last row that exists, the last.</summary>
    float* Row(int row);

    /// <summary>The first k.</summary>
    nint FirstK { get; }

    /// <summary>The k behind another.</summary>
    nint Next(nint k);

    /// <summary>Elements from a row's first element to that of the k.</summary>
    nint Distance(nint k);
}

/// <summary>Rows and k at equal distances: any matrix, transposed or not, and panels of one.</summary>
/// <param name="first">First element.</param>
/// <param name="rows">Rows that exist.</param>
/// <param name="rowStride">Elements from one row to the next.</param>
/// <param name="kStride">Elements from one k of a row to the next.</param>
internal readonly unsafe struct StridedLeft(float* first, int rows, nint rowStride, nint kStride) : ILeftFactor
{
    private readonly float* _first = first;
    private readonly int _last = rows - 1;
    private readonly nint _rowStride = rowStride;
    private readonly nint _kStride = kStride;

    public nint FirstK => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Row(int row) => _first + (Math.Min(row, _last) * _rowStride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Next(nint k) => k + _kStride;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Distance(nint k) => k;
}

/// <summary>Rows and k anywhere, by a table of distances for each: patches in place, and their transpose.</summary>
/// <param name="origin">What distances are counted from.</param>
/// <param name="rows">Distance of each row.</param>
/// <param name="count">Rows that exist.</param>
/// <param name="distances">Distance of each k.</param>
internal readonly unsafe struct ScatteredLeft(float* origin, nint* rows, int count, nint* distances) : ILeftFactor
{
    private readonly float* _origin = origin;
    private readonly nint* _rows = rows;
    private readonly int _last = count - 1;
    private readonly nint* _distances = distances;

    public nint FirstK => (nint)_distances;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Row(int row) => _origin + _rows[Math.Min(row, _last)];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Next(nint k) => k + sizeof(nint);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Distance(nint k) => *(nint*)k;
}
