namespace DPT.Engine.Kernels;

/// <summary>The activations and their derivatives in double precision; at the infinities, their limits.</summary>
internal static class ActivationReference
{
    public static double Value(Activation activation, double x) => activation switch
    {
        Activation.Gelu or Activation.Silu when double.IsNegativeInfinity(x) => 0,
        Activation.Gelu => x * NormalCdf(x),
        Activation.Silu => x * Sigmoid(x),
        _ => x,
    };

    public static double Derivative(Activation activation, double x) => activation switch
    {
        Activation.Gelu or Activation.Silu when double.IsInfinity(x) => x > 0 ? 1 : 0,
        Activation.Gelu => NormalCdf(x) + (x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI)),
        Activation.Silu => Sigmoid(x) * (1 + (x * (1 - Sigmoid(x)))),
        _ => 1,
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
