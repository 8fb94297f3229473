namespace DPT.Engine.Kernels;

/// <summary>The matrix product in double precision: the definition, element by element.</summary>
internal static class MatMulReference
{
    public static void Compute(in MatMulCase c, CaseValues v)
    {
        var call = c.Call;
        for (var product = 0; product < call.Count; product++)
        {
            Compute(in c, v, product);
        }
    }

    private static void Compute(in MatMulCase c, CaseValues v, int product)
    {
        var call = c.Call;
        double[] a = v["a"], b = v["b"], result = v["c"];
        var (fromA, fromB, fromC) = (product * call.M * call.K, product * call.K * call.N, product * call.M * call.N);
        for (var i = 0; i < call.M; i++)
        {
            for (var j = 0; j < call.N; j++)
            {
                var sum = 0.0;
                for (var k = 0; k < call.K; k++)
                {
                    sum += a[fromA + (call.TransposeA ? (k * call.RowA) + i : (i * call.RowA) + k)]
                        * b[fromB + (call.TransposeB ? (j * call.RowB) + k : (k * call.RowB) + j)];
                }

                var at = fromC + (i * call.RowC) + j;
                var old = result[at];
                result[at] = Finish(in c, v, sum, at, j) + (call.Accumulate ? old : 0);
            }
        }
    }

    private static double Finish(in MatMulCase c, CaseValues v, double sum, int at, int column)
    {
        if (c.Call.GradientOf != Activation.None)
        {
            return sum * ActivationReference.Derivative(c.Call.GradientOf, v["pre"][at]);
        }

        var x = sum + (c.Bias ? v["bias"][column] : 0);
        if (c.PreActivation)
        {
            v["pre"][at] = x;
        }

        return ActivationReference.Value(c.Call.Activation, x) + Residual(in c, v, at);
    }

    private static double Residual(in MatMulCase c, CaseValues v, int at) => c.Residual switch
    {
        ResidualKind.Own => v["residual"][at],
        ResidualKind.Result => v["c"][at],
        _ => 0,
    };
}
