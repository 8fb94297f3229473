namespace DPT.Engine.Kernels;

/// <summary>The matrix product in double precision: the definition, element by element.</summary>
internal static class MatMulReference
{
    public static void Compute(in MatMulCase shape, CaseValues v)
    {
        double[] a = v["a"], b = v["b"], c = v["c"];
        for (var i = 0; i < shape.M; i++)
        {
            for (var j = 0; j < shape.N; j++)
            {
                var sum = 0.0;
                for (var k = 0; k < shape.K; k++)
                {
                    sum += a[shape.TransposeA ? (k * shape.RowA) + i : (i * shape.RowA) + k]
                        * b[shape.TransposeB ? (j * shape.RowB) + k : (k * shape.RowB) + j];
                }

                var at = (i * shape.RowC) + j;
                var old = c[at];
                c[at] = Finish(in shape, v, sum, at, j) + (shape.Accumulate ? old : 0);
            }
        }
    }

    private static double Finish(in MatMulCase shape, CaseValues v, double sum, int at, int column)
    {
        if (shape.GradientOf != Activation.None)
        {
            return sum * Derivative(shape.GradientOf, v["pre"][at]);
        }

        var x = sum + (shape.Bias ? v["bias"][column] : 0);
        if (shape.PreActivation)
        {
            v["pre"][at] = x;
        }

        return Apply(shape.Activation, x) + Residual(in shape, v, at);
    }

    private static double Residual(in MatMulCase shape, CaseValues v, int at) => shape.Residual switch
    {
        ResidualKind.Own => v["residual"][at],
        ResidualKind.Result => v["c"][at],
        _ => 0,
    };

    private static double Apply(Activation activation, double x) => activation switch
    {
        Activation.Gelu => x * NormalCdf(x),
        Activation.Silu => x * Sigmoid(x),
        _ => x,
    };

    private static double Derivative(Activation activation, double x) => activation switch
    {
        Activation.Gelu => NormalCdf(x) + (x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI)),
        _ => Sigmoid(x) * (1 + (x * (1 - Sigmoid(x)))),
    };

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    /// <summary>1/2 + phi(x) (x + x^3/3 + x^5/15 + ...): all terms have the sign of x, so nothing cancels.</summary>
    private static double NormalCdf(double x)
    {
        if (Math.Abs(x) > 9)
        {
            return x > 0 ? 1 : 0;
        }

        double term = x, sum = x;
        for (var n = 3; Math.Abs(term) > 1e-17 * Math.Abs(sum); n += 2)
        {
            term *= x * x / n;
            sum += term;
        }

        return 0.5 + (sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI));
    }
}
