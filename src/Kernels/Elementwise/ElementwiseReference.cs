namespace DPT.Engine.Kernels;

/// <summary>The elementwise operators in double precision.</summary>
internal static class ElementwiseReference
{
    public static void Axpby(double alpha, double beta, double[] x, double[] y)
    {
        for (var i = 0; i < y.Length; i++)
        {
            y[i] = (alpha * x[i]) + (beta == 0 ? 0 : beta * y[i]);
        }
    }

    public static void ColumnSum(int rows, int columns, int stride, double[] x, double[] sum)
    {
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                sum[c] += x[(r * stride) + c];
            }
        }
    }

    /// <summary>act(x), or act'(x) times the gradient if one is given.</summary>
    public static void Activate(Activation function, double[] x, double[]? gradient, double[] y)
    {
        for (var i = 0; i < y.Length; i++)
        {
            y[i] = gradient is null
                ? ActivationReference.Value(function, x[i])
                : gradient[i] * ActivationReference.Derivative(function, x[i]);
        }
    }
}
