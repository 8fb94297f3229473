using System.Numerics.Tensors;

namespace DPT.Engine.Dpt;

/// <summary>
/// Eigenvalues and eigenvectors of a symmetric matrix: Householder reflections to tridiagonal form, then the implicit
/// QL method. Source: Golub and Van Loan, "Matrix Computations", chapter 8; EISPACK's tred2 and tql2. About 5 n^3
/// operations.
/// </summary>
internal sealed class SymmetricEigen
{
    private const int LargestIterations = 60;
    private readonly int _size;
    private readonly double[] _offDiagonal;

    /// <summary>Decomposes A = sum_i Values[i] Vectors[i] Vectors[i]^T.</summary>
    /// <param name="matrix">A, [size,size], symmetric and finite; it is not changed.</param>
    /// <param name="size">Rows of A.</param>
    /// <exception cref="DptException">A number is not finite.</exception>
    public SymmetricEigen(ReadOnlySpan<double> matrix, int size)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.Length, size * size);
        if (!double.IsFinite(TensorPrimitives.Sum(matrix)))
        {
            throw new DptException(FailureKind.Check, "a matrix with numbers that are not finite has no eigenvalues");
        }

        _size = size;
        _offDiagonal = new double[size];
        Values = new double[size];
        Vectors = new double[size * size];
        for (var i = 0; i < size; i++)
        {
            Vectors[(i * size) + i] = 1;
        }

        Tridiagonalise(matrix.ToArray());
        for (var i = 0; i < size; i++)
        {
            Isolate(i);
        }
    }

    /// <summary>The eigenvalues, in no order.</summary>
    public double[] Values { get; }

    /// <summary>The eigenvectors, one a row, orthonormal, [size,size].</summary>
    public double[] Vectors { get; }

    /// <summary>Eigenvector number <paramref name="i"/>.</summary>
    public Span<double> Vector(int i) => Vectors.AsSpan(i * _size, _size);

    /// <summary>A becomes H A H for one reflection H per column; the rows of Vectors become H Vectors.</summary>
    private void Tridiagonalise(double[] a)
    {
        Span<double> Row(int i) => a.AsSpan(i * _size, _size);
        var v = new double[_size];
        var w = new double[_size];
        for (var k = 0; k < _size; k++)
        {
            Values[k] = Row(k)[k];
            if (k == _size - 1)
            {
                break;
            }

            var tail = Row(k)[(k + 1)..];
            var norm = TensorPrimitives.Norm<double>(tail);
            if (norm == 0 || k == _size - 2)
            {
                _offDiagonal[k] = tail[0];
                continue;
            }

            // H = 1 - factor v v^T maps the row beyond the diagonal to (-sign norm, 0, 0, ...).
            Array.Clear(v);
            TensorPrimitives.Divide(tail, norm, v.AsSpan(k + 1));
            var factor = 1 / (1 + Math.Abs(v[k + 1]));
            var sign = Math.CopySign(1, tail[0]);
            v[k + 1] += sign;
            _offDiagonal[k] = -sign * norm;

            // With p = factor A v and w = p - (factor v.p / 2) v: H A H = A - v w^T - w v^T.
            Array.Clear(w);
            for (var i = k + 1; i < _size; i++)
            {
                w[i] = factor * TensorPrimitives.Dot<double>(Row(i)[(k + 1)..], v.AsSpan(k + 1));
            }

            TensorPrimitives.MultiplyAdd(v, -0.5 * factor * TensorPrimitives.Dot<double>(v, w), w, w);
            for (var i = k + 1; i < _size; i++)
            {
                var row = Row(i)[(k + 1)..];
                TensorPrimitives.MultiplyAdd(v.AsSpan(k + 1), -w[i], row, row);
                TensorPrimitives.MultiplyAdd(w.AsSpan(k + 1), -v[i], row, row);
            }

            ReflectVectors(v, factor, k + 1, w);
        }
    }

    /// <summary>Vectors becomes (I - factor v v^T) Vectors; v is 0 before <paramref name="first"/>.</summary>
    private void ReflectVectors(double[] v, double factor, int first, double[] projection)
    {
        Array.Clear(projection);
        for (var i = first; i < _size; i++)
        {
            TensorPrimitives.MultiplyAdd(Vector(i), v[i], projection, projection);
        }

        for (var i = first; i < _size; i++)
        {
            TensorPrimitives.MultiplyAdd(projection, -factor * v[i], Vector(i), Vector(i));
        }
    }

    /// <summary>Implicit QL steps until the off-diagonal number beside eigenvalue <paramref name="l"/> is negligible.</summary>
    private void Isolate(int l)
    {
        var scale = 0.0;
        for (var i = 0; i < _size; i++)
        {
            scale = Math.Max(scale, Math.Abs(Values[i]) + Math.Abs(_offDiagonal[i]));
        }

        for (var iteration = 0; iteration < LargestIterations; iteration++)
        {
            var m = l;
            while (m < _size - 1 && Math.Abs(_offDiagonal[m]) > Math.ScaleB(scale, -53))
            {
                m++;
            }

            if (m == l)
            {
                return;
            }

            Sweep(l, m);
        }

        throw new DptException(FailureKind.Check, $"eigenvalue {l} of {_size} did not converge");
    }

    /// <summary>One implicit QL step on the rows from l to m with Wilkinson's shift.</summary>
    private void Sweep(int l, int m)
    {
        var e = _offDiagonal;
        var d = Values;
        var g = (d[l + 1] - d[l]) / (2 * e[l]);
        g = d[m] - d[l] + (e[l] / (g + Math.CopySign(double.Hypot(g, 1), g)));
        var (sine, cosine, shift) = (1.0, 1.0, 0.0);
        for (var i = m - 1; i >= l; i--)
        {
            var f = sine * e[i];
            var b = cosine * e[i];
            var r = double.Hypot(f, g);
            e[i + 1] = r;
            if (r == 0)
            {
                d[i + 1] -= shift;
                e[m] = 0;
                return;
            }

            (sine, cosine) = (f / r, g / r);
            g = d[i + 1] - shift;
            r = ((d[i] - g) * sine) + (2 * cosine * b);
            shift = sine * r;
            d[i + 1] = g + shift;
            g = (cosine * r) - b;
            Rotate(Vector(i), Vector(i + 1), sine, cosine);
        }

        d[l] -= shift;
        e[l] = g;
        e[m] = 0;
    }

    private static void Rotate(Span<double> lower, Span<double> upper, double sine, double cosine)
    {
        for (var k = 0; k < lower.Length; k++)
        {
            var (x, y) = (lower[k], upper[k]);
            upper[k] = (sine * x) + (cosine * y);
            lower[k] = (cosine * x) - (sine * y);
        }
    }
}
