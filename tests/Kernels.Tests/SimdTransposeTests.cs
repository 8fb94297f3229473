using DPT.Engine.Kernels;

namespace Kernels.Tests;

public sealed unsafe class SimdTransposeTests
{
    [Test]
    public void Transpose_StridedSquare_SwapsRowsAndColumnsAndTouchesNothingElse([Values] SimdWidth width)
    {
        switch (width)
        {
            case SimdWidth.Vector512:
                Check<Simd512>();
                break;
            case SimdWidth.Vector256:
                Check<Simd256>();
                break;
            default:
                Check<SimdScalar>();
                break;
        }
    }

    private static void Check<V>() where V : struct, ISimd<V>
    {
        const int From = 19, To = 23;
        var source = stackalloc float[V.Count * From];
        var destination = stackalloc float[V.Count * To];
        for (var i = 0; i < V.Count * From; i++)
        {
            source[i] = i;
        }

        new Span<float>(destination, V.Count * To).Fill(-1);
        V.Transpose(source, From, destination, To);
        for (var i = 0; i < V.Count * To; i++)
        {
            var (row, column) = (i / To, i % To);
            var expected = column < V.Count ? (column * From) + row : -1;
            Assert.That(destination[i], Is.EqualTo(expected), $"row {row}, column {column}");
        }
    }
}
