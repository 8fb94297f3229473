using DPT.Engine.Kernels;

namespace Kernels.Tests;

public sealed unsafe class SimdTransposeTests
{
    private const int From = 19;

    private const int To = 23;

    [Test]
    public void Transpose_Square_SwapsRowsAndColumnsAndTouchesNothingElse(
        [Values] SimdWidth width, [Values] bool fromScattered, [Values] bool toScattered)
    {
        switch (width)
        {
            case SimdWidth.Vector512:
                Check<Simd512>(fromScattered, toScattered);
                break;
            case SimdWidth.Vector256:
                Check<Simd256>(fromScattered, toScattered);
                break;
            default:
                Check<SimdScalar>(fromScattered, toScattered);
                break;
        }
    }

    private static void Check<V>(bool fromScattered, bool toScattered) where V : struct, ISimd<V>
    {
        var source = stackalloc float[V.Count * From];
        var destination = stackalloc float[V.Count * To];
        for (var i = 0; i < V.Count * From; i++)
        {
            source[i] = i;
        }

        new Span<float>(destination, V.Count * To).Fill(-1);
        Transpose<V>(source, fromScattered, destination, toScattered);
        for (var i = 0; i < V.Count * To; i++)
        {
            var (row, column) = (i / To, i % To);
            var expected = column < V.Count ? (column * From) + row : -1;
            Assert.That(destination[i], Is.EqualTo(expected), $"row {row}, column {column}");
        }
    }

    private static void Transpose<V>(float* source, bool fromScattered, float* destination, bool toScattered)
        where V : struct, ISimd<V>
    {
        var fromRows = stackalloc long[V.Count];
        var toRows = stackalloc long[V.Count];
        for (var row = 0; row < V.Count; row++)
        {
            fromRows[row] = row * From;
            toRows[row] = row * To;
        }

        var (from, to) = (new StridedRows(source, From), new StridedRows(destination, To));
        var (fromTable, toTable) = (new ScatteredRows(source, fromRows), new ScatteredRows(destination, toRows));
        switch (fromScattered, toScattered)
        {
            case (false, false):
                V.Transpose(from, to);
                break;
            case (false, true):
                V.Transpose(from, toTable);
                break;
            case (true, false):
                V.Transpose(fromTable, to);
                break;
            default:
                V.Transpose(fromTable, toTable);
                break;
        }
    }
}
