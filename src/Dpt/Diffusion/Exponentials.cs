namespace DPT.Engine.Dpt;

/// <summary>
/// Exponential and logarithm near 0 and 1 without cancellation (Kahan's correction; a few units in the last place).
/// The framework's <see cref="double.ExpM1"/> and <see cref="double.LogP1"/> subtract and add the 1 plainly.
/// </summary>
internal static class Exponentials
{
    /// <summary>e^x - 1.</summary>
    public static double Expm1(double x)
    {
        var power = Math.Exp(x);
        var difference = power - 1;
        return difference == 0 ? x
            : difference == -1 || double.IsInfinity(power) ? difference
            : difference * x / Math.Log(power);
    }

    /// <summary>ln(1 + x).</summary>
    public static double Log1p(double x)
    {
        var sum = 1 + x;
        return sum == 1 ? x : double.IsInfinity(sum) ? sum : Math.Log(sum) * x / (sum - 1);
    }

    /// <summary>ln(1 + e^x), for any x.</summary>
    public static double Softplus(double x) => Math.Max(x, 0) + Log1p(Math.Exp(-Math.Abs(x)));
}
