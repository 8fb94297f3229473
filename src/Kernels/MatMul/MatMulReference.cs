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
            return sum * ActivationReference.Derivative(shape.GradientOf, v["pre"][at]);
        }

        var x = sum + (shape.Bias ? v["bias"][column] : 0);
        if (shape.PreActivation)
        {
            v["pre"][at] = x;
        }

        return ActivationReference.Value(shape.Activation, x) + Residual(in shape, v, at);
    }

    private static double Residual(in MatMulCase shape, CaseValues v, int at) => shape.Residual switch
    {
        ResidualKind.Own => v["residual"][at],
        ResidualKind.Result => v["c"][at],
        _ => 0,
    };
}
