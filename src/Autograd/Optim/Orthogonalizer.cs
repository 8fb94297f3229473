using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Brings all singular values of a matrix near 1 and keeps its singular vectors: five steps of a Newton-Schulz iteration,
/// X &lt;- a X + (b G + c G^2) X with G = X X^T, on the matrix divided by its Frobenius norm. With the coefficients of Muon (Jordan et
/// al. 2024), which favour small values over accuracy, singular values above 0.002 of the norm end in 0.65..1.25.
/// </summary>
/// <remarks>All of it is launches on the device: products of matrices and passes over elements.</remarks>
internal sealed class Orthogonalizer : IDisposable
{
    private const int Iterations = 5;
    private const float A = 3.4445f, B = -4.7750f, C = 2.0315f;

    /// <summary>Added to the norm: a matrix of zeros stays one.</summary>
    private const float Epsilon = 1e-12f;

    private readonly Device _device;
    private readonly DeviceBuffer<float> _x;
    private readonly DeviceBuffer<float> _next;
    private readonly DeviceBuffer<float> _gram;
    private readonly DeviceBuffer<float> _polynomial;
    private readonly DeviceBuffer<float> _norm;

    /// <summary>Memory for matrices of the given sizes.</summary>
    public Orthogonalizer(Device device, IReadOnlyList<(int Rows, int Columns)> sizes)
    {
        _device = device;
        var elements = sizes.Select(size => (long)size.Rows * size.Columns).DefaultIfEmpty(1).Max();
        var side = sizes.Select(size => (long)Math.Min(size.Rows, size.Columns)).DefaultIfEmpty(1).Max();
        _x = device.Allocate<float>(elements);
        _next = device.Allocate<float>(elements);
        _gram = device.Allocate<float>(side * side);
        _polynomial = device.Allocate<float>(side * side);
        _norm = device.Allocate<float>(1);
    }

    /// <summary>The matrix with its singular values near 1.</summary>
    /// <param name="matrix">[rows, columns].</param>
    /// <param name="rows">Rows, of a size announced.</param>
    /// <param name="columns">Columns.</param>
    /// <returns>[rows, columns], until the next call.</returns>
    public Slice<float> Apply(Slice<float> matrix, int rows, int columns)
    {
        var (x, next) = (_x.Slice.Range(0, matrix.Length), _next.Slice.Range(0, matrix.Length));
        Normalize(matrix, scratch: next, x);
        for (var i = 0; i < Iterations; i++)
        {
            Improve(x, next, rows, columns);
            (x, next) = (next, x);
        }

        return x;
    }

    public void Dispose()
    {
        _x.Dispose();
        _next.Dispose();
        _gram.Dispose();
        _polynomial.Dispose();
        _norm.Dispose();
    }

    private void Normalize(Slice<float> matrix, Slice<float> scratch, Slice<float> x)
    {
        GlobalNorm.Compute(_device, matrix, _norm.Slice);
        _device.Run(PrimitiveOperators.Map, new MapCall
        {
            Count = 1,
            Function = MapFunction.Affine,
            A = _norm.Slice,
            Factor = 1,
            Offset = Epsilon,
            Y = _norm.Slice,
        });
        _device.Run(PrimitiveOperators.StridedCopy, new StridedCopyCall
        {
            Sizes = new Axes4(1, 1, 1, matrix.Length),
            StridesX = default,
            StridesY = new Axes4(0, 0, 0, 1),
            X = _norm.Slice,
            Y = scratch,
        });
        _device.Run(PrimitiveOperators.Map, new MapCall
        {
            Count = matrix.Length,
            Function = MapFunction.Divide,
            A = matrix,
            B = scratch,
            Y = x,
        });
    }

    /// <summary>One iteration, on the side where the Gram matrix is small: X X^T from the left, or X^T X from the right.</summary>
    private void Improve(Slice<float> x, Slice<float> next, int rows, int columns)
    {
        var isWide = rows <= columns;
        var (side, length) = isWide ? (rows, columns) : (columns, rows);
        var gram = _gram.Slice.Range(0, (long)side * side);
        var polynomial = _polynomial.Slice.Range(0, (long)side * side);
        Multiply(side, side, length, x, x, gram, transposeA: !isWide, transposeB: isWide);
        Multiply(side, side, side, gram, gram, polynomial);
        Axpby(B, gram, C, polynomial);
        Axpby(A, x, 0, next);
        var (left, right) = isWide ? (polynomial, x) : (x, polynomial);
        Multiply(rows, columns, side, left, right, next, accumulate: true);
    }

    private void Multiply(
        int m,
        int n,
        int k,
        Slice<float> a,
        Slice<float> b,
        Slice<float> c,
        bool transposeA = false,
        bool transposeB = false,
        bool accumulate = false) => _device.Run(MatMulOperators.MatMul, new MatMulCall
    {
        M = m,
        N = n,
        K = k,
        A = a,
        B = b,
        C = c,
        TransposeA = transposeA,
        TransposeB = transposeB,
        Accumulate = accumulate,
    });

    /// <summary>y = alpha x + beta y.</summary>
    private void Axpby(float alpha, Slice<float> x, float beta, Slice<float> y) =>
        _device.Run(ElementwiseOperators.Axpby, new AxpbyCall { Count = y.Length, Alpha = alpha, Beta = beta, X = x, Y = y });
}
