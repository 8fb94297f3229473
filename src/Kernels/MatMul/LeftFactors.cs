using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The rows of a tile's left factor, where they lie: an element is found by its row's first element and a distance that is the
/// term's alone. Terms are walked in order, so that the next one can follow from the one before.
/// </summary>
internal unsafe interface ILeftFactor
{
    /// <summary>First element of a row, 0 to 5; beyond the last row that exists, the last.</summary>
    float* Row(int row);

    /// <summary>The first term.</summary>
    nint FirstTerm { get; }

    /// <summary>The term behind another.</summary>
    nint Next(nint term);

    /// <summary>Elements from a row's first element to that of the term.</summary>
    nint Distance(nint term);
}

/// <summary>Rows and terms at equal distances: any matrix, transposed or not, and panels of one.</summary>
/// <param name="first">First element.</param>
/// <param name="rows">Rows that exist.</param>
/// <param name="rowStride">Elements from one row to the next.</param>
/// <param name="termStride">Elements from one term of a row to the next.</param>
internal readonly unsafe struct StridedLeft(float* first, int rows, nint rowStride, nint termStride) : ILeftFactor
{
    private readonly float* _first = first;
    private readonly int _last = rows - 1;
    private readonly nint _rowStride = rowStride;
    private readonly nint _termStride = termStride;

    public nint FirstTerm => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Row(int row) => _first + (Math.Min(row, _last) * _rowStride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Next(nint term) => term + _termStride;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Distance(nint term) => term;
}

/// <summary>Rows and terms anywhere, by a table of distances for each: patches in place, and their transpose.</summary>
/// <param name="origin">What distances are counted from.</param>
/// <param name="rows">Distance of each row.</param>
/// <param name="count">Rows that exist.</param>
/// <param name="terms">Distance of each term.</param>
internal readonly unsafe struct ScatteredLeft(float* origin, nint* rows, int count, nint* terms) : ILeftFactor
{
    private readonly float* _origin = origin;
    private readonly nint* _rows = rows;
    private readonly int _last = count - 1;
    private readonly nint* _terms = terms;

    public nint FirstTerm => (nint)_terms;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* Row(int row) => _origin + _rows[Math.Min(row, _last)];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Next(nint term) => term + sizeof(nint);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Distance(nint term) => *(nint*)term;
}
