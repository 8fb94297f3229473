using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Brings all singular values of matrices near 1 and keeps their singular vectors: X &lt;- (a + b G + c G^2) X with G = X X^T,
/// four times, on each matrix divided by its Frobenius norm. The coefficients of each step are those of Polar Express (Amsel et al. 2025,
/// arXiv 2505.16932): the odd polynomial of degree 5 that is nearest to 1 on the interval that the steps before it leave, from
/// 0.003..1 on. Singular values above 0.003 of the norm end in 0.80..1.20, smaller ones grow 296-fold.
/// </summary>
/// <remarks>
/// All products but the first and the last are of the small Gram matrix, m^3 instead of m^2 n operations: the polynomials commute,
/// so their product Q and the next Gram matrix P G P need no X. All of it is launches on the device, products of matrices and
/// passes over elements, each for all matrices of one shape: one alone would leave most of a card idle.
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
    private readonly DeviceBuffer<float> _norms;

    /// <summary>Memory for groups of matrices of the given sizes.</summary>
    public Orthogonalizer(Device device, IReadOnlyList<(int Count, int Rows, int Columns)> groups)
    {
        _device = device;
        var elements = groups.Select(group => (long)group.Count * group.Rows * group.Columns).DefaultIfEmpty(1).Max();
        var largest = groups.GroupBy(SideOf, group => group.Count).ToDictionary(group => group.Key, group => group.Max());
        _x = device.Allocate<float>(elements);
        _y = device.Allocate<float>(elements);
        var squares = largest.Select(of => (long)of.Value * of.Key * of.Key).DefaultIfEmpty(1).Max();
        _squares = [.. Enumerable.Range(0, 4).Select(_ => device.Allocate<float>(squares))];
        _identities = largest.ToDictionary(of => of.Key, of => device.Upload<float>(Identities(of.Value, of.Key)));
        _norms = device.Allocate<float>(largest.Values.DefaultIfEmpty(1).Max());
    }

    /// <summary>The matrices with their singular values near 1.</summary>
    /// <param name="matrices">[count, rows, columns].</param>
    /// <param name="count">Matrices, no more than a group announced of this shape.</param>
    /// <param name="rows">Rows of each.</param>
    /// <param name="columns">Columns of each.</param>
    /// <returns>[count, rows, columns], until the next call.</returns>
    public Slice<float> Apply(Slice<float> matrices, int count, int rows, int columns)
    {
        var (x, y) = (_x.Slice.Range(0, matrices.Length), _y.Slice.Range(0, matrices.Length));
        Normalize(matrices, count, scratch: y, x);

        // On the side where the Gram matrix is small: X X^T and Q X, or X^T X and X Q.
        var isWide = rows <= columns;
        var (side, length) = isWide ? (rows, columns) : (columns, rows);
        var gram = _squares[0].Slice.Range(0, (long)count * side * side);
        Multiply(count, side, side, length, x, x, gram, transposeA: !isWide, transposeB: isWide);
        var q = ProductOfPolynomials(gram, count, side);
        Multiply(count, rows, columns, side, isWide ? q : x, isWide ? x : q, y);
        return y;
    }

    public void Dispose()
    {
        foreach (var buffer in (DeviceBuffer<float>[])[_x, _y, .. _squares, .. _identities.Values, _norms])
        {
            buffer.Dispose();
        }
    }

    private static int SideOf((int Count, int Rows, int Columns) group) => Math.Min(group.Rows, group.Columns);

    private static float[] Identities(int count, int side)
    {
        var identities = new float[count * side * side];
        for (var row = 0; row < count * side; row++)
        {
            identities[(row * side) + (row % side)] = 1;
        }

        return identities;
    }

    /// <summary>Q = P_4 P_3 P_2 P_1, each P_i = a I + b G_i + c G_i^2 of the Gram matrix that the steps before it leave.</summary>
    private Slice<float> ProductOfPolynomials(Slice<float> gram, int count, int side)
    {
        var (q, p, next) = (Square(1), Square(2), Square(3));
        for (var i = 0; i < Steps.Length; i++)
        {
            var polynomial = i == 0 ? q : p;
            Polynomial(Steps[i], gram, polynomial, count, side);
            if (i > 0)
            {
                Multiply(count, side, side, side, p, q, next);
                (q, next) = (next, q);
            }

            if (i < Steps.Length - 1)
            {
                Multiply(count, side, side, side, polynomial, gram, next);
                Multiply(count, side, side, side, next, polynomial, gram);
            }
        }

        return q;

        Slice<float> Square(int i) => _squares[i].Slice.Range(0, gram.Length);
    }

    private void Polynomial((float A, float B, float C) of, Slice<float> gram, Slice<float> polynomial, int count, int side)
    {
        Multiply(count, side, side, side, gram, gram, polynomial);
        Axpby(of.B, gram, of.C, polynomial);
        Axpby(of.A, _identities[side].Slice.Range(0, polynomial.Length), 1, polynomial);
    }

    /// <summary>Each matrix divided by its Frobenius norm.</summary>
    private void Normalize(Slice<float> matrices, int count, Slice<float> scratch, Slice<float> x)
    {
        var (norms, elements) = (_norms.Slice.Range(0, count), matrices.Length / count);
        for (var i = 0; i < count; i++)
        {
            GlobalNorm.Compute(_device, matrices.Range(i * elements, elements), norms.Range(i, 1));
        }

        _device.Run(PrimitiveOperators.Map, new MapCall
        {
            Count = count,
            Function = MapFunction.Affine,
            A = norms,
            Factor = 1,
            Offset = Epsilon,
            Y = norms,
        });
        _device.Run(PrimitiveOperators.StridedCopy, new StridedCopyCall
        {
            Sizes = new Axes4(1, 1, count, elements),
            StridesX = new Axes4(0, 0, 1, 0),
            StridesY = new Axes4(0, 0, elements, 1),
            X = norms,
            Y = scratch,
        });
        _device.Run(PrimitiveOperators.Map, new MapCall
        {
            Count = matrices.Length,
            Function = MapFunction.Divide,
            A = matrices,
            B = scratch,
            Y = x,
        });
    }

    private void Multiply(
        int count,
        int m,
        int n,
        int k,
        Slice<float> a,
        Slice<float> b,
        Slice<float> c,
        bool transposeA = false,
        bool transposeB = false) => _device.Run(MatMulOperators.MatMul, new MatMulCall
    {
        Products = count,
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
