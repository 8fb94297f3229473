using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>Where the rows of a square lie in memory: as many floats in each as there are rows.</summary>
public unsafe interface ISquareRows
{
    /// <summary>The first float of a row.</summary>
    float* this[int row] { get; }
}

/// <summary>Rows at equal distances.</summary>
/// <param name="first">The first row.</param>
/// <param name="stride">Floats from row to row.</param>
public readonly unsafe struct StridedRows(float* first, nint stride) : ISquareRows
{
    private readonly float* _first = first;
    private readonly nint _stride = stride;

    /// <inheritdoc/>
    public float* this[int row]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _first + (row * _stride);
    }
}

/// <summary>Rows anywhere: each at a distance of its own from an origin.</summary>
/// <param name="origin">The origin.</param>
/// <param name="offsets">Floats from there to each row.</param>
public readonly unsafe struct ScatteredRows(float* origin, long* offsets) : ISquareRows
{
    private readonly float* _origin = origin;
    private readonly long* _offsets = offsets;

    /// <inheritdoc/>
    public float* this[int row]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _origin + _offsets[row];
    }
}

/// <summary>What squares need on processors without the instructions for them.</summary>
internal static unsafe class SquareRows
{
    /// <summary><see cref="HostBounds.Check"/> for every row of both squares.</summary>
    [Conditional("DEBUG")]
    public static void Check<TFrom, TTo>(TFrom from, TTo to, int count)
        where TFrom : struct, ISquareRows
        where TTo : struct, ISquareRows
    {
        for (var row = 0; row < count; row++)
        {
            HostBounds.Check(from[row], count);
            HostBounds.Check(to[row], count);
        }
    }

    /// <summary><see cref="ISimd{V}.Transpose"/> one by one.</summary>
    public static void Transpose<TFrom, TTo>(TFrom from, TTo to, int count)
        where TFrom : struct, ISquareRows
        where TTo : struct, ISquareRows
    {
        for (var row = 0; row < count; row++)
        {
            for (var column = 0; column < count; column++)
            {
                to[column][row] = from[row][column];
            }
        }
    }
}
