namespace Kernels.Tests;

/// <summary>
/// Attention of one head in double precision, written from the definition with the maximum taken out, and what rounding may
/// change: u times the absolute values of what is added up, and the exponential of the rounding error of a logit.
/// </summary>
internal sealed class AttentionTruth
{
    private const double Roundoff = 5.96e-8;

    /// <summary>Smaller probabilities are 0.</summary>
    private const double Vanishing = 1e-37;

    private readonly int _tokens;
    private readonly int _size;
    private readonly double[][] _q;
    private readonly double[][] _k;
    private readonly double[][] _v;
    private readonly double[][] _p;
    private readonly double _scale;
    private readonly double _share;

    /// <param name="q">Queries, [L][d].</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="logitsAreApart">
    /// Whether different logits of a row are so far apart that the smaller one's power vanishes, and equal ones are equal in floats:
    /// then rounding them changes nothing.
    /// </param>
    public AttentionTruth(double[][] q, double[][] k, double[][] v, bool logitsAreApart)
    {
        (_q, _k, _v, _tokens, _size) = (q, k, v, q.Length, q[0].Length);
        _scale = 1 / Math.Sqrt(_size);
        _p = [.. q.Select(Probabilities)];
        var most = q.SelectMany(row => k.Select(key => Math.Abs(Logit(row, key)))).Where(double.IsFinite).DefaultIfEmpty().Max();
        _share = Roundoff * (32 + _tokens + _size + (logitsAreApart ? 0 : 4 * most));
        Output = Table((i, c) => Over(j => _p[i][j] * v[j][c]));
        OutputLimit = Table((i, c) => Over(j => Error(_p[i][j]) * Math.Abs(v[j][c])));
    }

    /// <summary>[L][d].</summary>
    public double[][] Output { get; }

    /// <summary>The error allowed to each element of the output.</summary>
    public double[][] OutputLimit { get; }

    /// <summary>The gradients of queries, keys and values, and the error allowed to each element.</summary>
    public (double[][] Value, double[][] Limit)[] Gradients(double[][] dOutput)
    {
        var dP = Square((i, j) => Dot(dOutput[i], _v[j]));
        var size = Square((i, j) => dOutput[i].Zip(_v[j], (x, y) => Math.Abs(x * y)).Sum());
        double[] mean = [.. Rows(i => Over(j => _p[i][j] * dP[i][j]))];
        double[] meanSize = [.. Rows(i => Over(j => _p[i][j] * size[i][j]))];
        var dS = Square((i, j) => _scale * _p[i][j] * (dP[i][j] - mean[i]));
        var error = Square((i, j) => _scale * Error(_p[i][j]) * (size[i][j] + meanSize[i]));
        return
        [
            (Table((i, c) => Over(j => dS[i][j] * _k[j][c])), Table((i, c) => Over(j => error[i][j] * Math.Abs(_k[j][c])))),
            (Table((j, c) => Over(i => dS[i][j] * _q[i][c])), Table((j, c) => Over(i => error[i][j] * Math.Abs(_q[i][c])))),
            (Table((j, c) => Over(i => _p[i][j] * dOutput[i][c])),
                Table((j, c) => Over(i => Error(_p[i][j]) * Math.Abs(dOutput[i][c])))),
        ];
    }

    private double[] Probabilities(double[] query)
    {
        double[] logits = [.. _k.Select(key => Logit(query, key))];
        var most = logits.Any(double.IsNaN) ? double.NaN : logits.Max();
        var sum = logits.Sum(x => Math.Exp(x - most));
        return [.. logits.Select(x => Math.Exp(x - most) / sum)];
    }

    private double Error(double p) => (_share * p) + Vanishing;

    private double Logit(double[] query, double[] key) => _scale * Dot(query, key);

    private double Over(Func<int, double> term) => Rows(term).Sum();

    private IEnumerable<double> Rows(Func<int, double> value) => Enumerable.Range(0, _tokens).Select(value);

    private double[][] Table(Func<int, int, double> value) =>
        [.. Enumerable.Range(0, _tokens).Select(i => Enumerable.Range(0, _size).Select(c => value(i, c)).ToArray())];

    private double[][] Square(Func<int, int, double> value) =>
        [.. Enumerable.Range(0, _tokens).Select(i => Rows(j => value(i, j)).ToArray())];

    private static double Dot(double[] x, double[] y) => x.Zip(y, (a, b) => a * b).Sum();
}
