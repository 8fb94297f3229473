using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Brings all singular values of a matrix near 1 and keeps its singular vectors: X &lt;- (a + b G + c G^2) X with G = X X^T, four
/// times, on the matrix divided by its Frobenius norm. The coefficients of each step are those of Polar Express (Amsel et al. 2025,
/// arXiv 2505.16932): the odd polynomial of degree 5 that is nearest to 1 on the interval that the steps before it leave, from
/// 0.003..1 on. Singular values above 0.003 of the norm end in 0.80..1.20, smaller ones grow 296-fold.
/// </summary>
/// <remarks>
/// All products but the first and the last are of the small Gram matrix, m^3 instead of m^2 n operations: the polynomials commute,
/// so their product Q and the next Gram matrix P G P need no X. All of it is launches on the device: products of matrices and
/// passes over elements.
/// </remarks>
internal sealed class Orthogonalizer : IDisposable
{
    /// <summary>a, b, c of each step.</summary>
    private static readonly (float A, float B, float C)[] Steps =
    [
        (8.3837f, -24.7659f, 18.3571f), (4.0434f, -3.0114f, 0.5695f), (3.5056f, -2.6267f, 0.5257f), (2.4901f, -1.8343f, 0.4368f),
    ];

    /// <summary>Added to the norm: a matrix of zeros stays one.</summary>
    private const float Epsilon = 1e-12f;

    private readonly Device _device;
    private readonly DeviceBuffer<float> _x;
    private readonly DeviceBuffer<float> _y;
    private readonly DeviceBuffer<float>[] _squares;
    private readonly Dictionary<int, DeviceBuffer<float>> _identities;
    private readonly DeviceBuffer<float> _norm;

    /// <summary>Memory for matrices of the given sizes.</summary>
    public Orthogonalizer(Device device, IReadOnlyList<(int Rows, int Columns)> sizes)
    {
        _device = device;
        var elements = sizes.Select(size => (long)size.Rows * size.Columns).DefaultIfEmpty(1).Max();
        int[] sides = [.. sizes.Select(size => Math.Min(size.Rows, size.Columns)).Distinct()];
        var largest = (long)sides.DefaultIfEmpty(1).Max();
        _x = device.Allocate<float>(elements);
        _y = device.Allocate<float>(elements);
        _squares = [.. Enumerable.Range(0, 4).Select(_ => device.Allocate<float>(largest * largest))];
        _identities = sides.ToDictionary(side => side, side => device.Upload<float>(Identity(side)));
        _norm = device.Allocate<float>(1);
    }

    /// <summary>The matrix with its singular values near 1.</summary>
    /// <param name="matrix">[rows, columns].</param>
    /// <param name="rows">Rows, of a size announced.</param>
    /// <param name="columns">Columns.</param>
    /// <returns>[rows, columns], until the next call.</returns>
    public Slice<float> Apply(Slice<float> matrix, int rows, int columns)
    {
        var (x, y) = (_x.Slice.Range(0, matrix.Length), _y.Slice.Range(0, matrix.Length));
        Normalize(matrix, scratch: y, x);

        // On the side where the Gram matrix is small: X X^T and Q X, or X^T X and X Q.
        var isWide = rows <= columns;
        var (side, length) = isWide ? (rows, columns) : (columns, rows);
        var gram = _squares[0].Slice.Range(0, (long)side * side);
        Multiply(side, side, length, x, x, gram, transposeA: !isWide, transposeB: isWide);
        var q = ProductOfPolynomials(gram, side);
        Multiply(rows, columns, side, isWide ? q : x, isWide ? x : q, y);
        return y;
    }

    public void Dispose()
    {
        foreach (var buffer in (DeviceBuffer<float>[])[_x, _y, .. _squares, .. _identities.Values, _norm])
        {
            buffer.Dispose();
        }
    }

    private static float[] Identity(int side)
    {
        var identity = new float[side * side];
        for (var i = 0; i < side; i++)
        {
            identity[(i * side) + i] = 1;
        }

        return identity;
    }

    /// <summary>Q = P_4 P_3 P_2 P_1, each P_i = a I + b G_i + c G_i^2 of the Gram matrix that the steps before it leave.</summary>
    private Slice<float> ProductOfPolynomials(Slice<float> gram, int side)
    {
        var (q, p, next) = (Square(1), Square(2), Square(3));
        for (var i = 0; i < Steps.Length; i++)
        {
            var polynomial = i == 0 ? q : p;
            Polynomial(Steps[i], gram, polynomial, side);
            if (i > 0)
            {
                Multiply(side, side, side, p, q, next);
                (q, next) = (next, q);
            }

            if (i < Steps.Length - 1)
            {
                Multiply(side, side, side, polynomial, gram, next);
                Multiply(side, side, side, next, polynomial, gram);
            }
        }

        return q;

        Slice<float> Square(int i) => _squares[i].Slice.Range(0, gram.Length);
    }

    private void Polynomial((float A, float B, float C) of, Slice<float> gram, Slice<float> polynomial, int side)
    {
        Multiply(side, side, side, gram, gram, polynomial);
        Axpby(of.B, gram, of.C, polynomial);
        Axpby(of.A, _identities[side].Slice, 1, polynomial);
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

    private void Multiply(
        int m,
        int n,
        int k,
        Slice<float> a,
        Slice<float> b,
        Slice<float> c,
        bool transposeA = false,
        bool transposeB = false) => _device.Run(MatMulOperators.MatMul, new MatMulCall
    {
        M = m,
        N = n,
        K = k,
        A = a,
        B = b,
        C = c,
        TransposeA = transposeA,
        TransposeB = transposeB,
    });

    /// <summary>y = alpha x + beta y.</summary>
    private void Axpby(float alpha, Slice<float> x, float beta, Slice<float> y) =>
        _device.Run(ElementwiseOperators.Axpby, new AxpbyCall { Count = y.Length, Alpha = alpha, Beta = beta, X = x, Y = y });
}
