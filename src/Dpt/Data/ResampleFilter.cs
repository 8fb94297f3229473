namespace DPT.Engine.Dpt;

/// <summary>What an old pixel weighs in a new one, by PIL's names and formulas.</summary>
/// <param name="Support">Distance from which on nothing weighs, in pixels of the coarser of both pictures.</param>
/// <param name="Weight">The weight at a distance.</param>
internal sealed record ResampleFilter(double Support, Func<double, double> Weight)
{
    /// <summary>The mean of the pixels that lie under the new one.</summary>
    public static readonly ResampleFilter Box = new(0.5, x => x is > -0.5 and <= 0.5 ? 1 : 0);

    /// <summary>A triangle: between pixels, linear.</summary>
    public static readonly ResampleFilter Bilinear = new(1, x => Math.Max(0, 1 - Math.Abs(x)));

    /// <summary>Cubic pieces with a slope of -1/2 where they meet 0 (Keys, 1981); weights beyond a pixel are negative.</summary>
    public static readonly ResampleFilter Bicubic = new(2, Cubic);

    private static double Cubic(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x switch
        {
            < 1 => (((((A + 2) * x) - (A + 3)) * x) * x) + 1,
            < 2 => ((((((x - 5) * x) + 8) * x) - 4) * A),
            _ => 0,
        };
    }
}
