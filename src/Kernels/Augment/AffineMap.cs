namespace DPT.Engine.Kernels;

/// <summary>
/// A map from output to input pixels, in 16.16 fixed point through pixel centres, as in the Python Imaging Library.
/// </summary>
/// <param name="StartX">Input x of output pixel (0, 0).</param>
/// <param name="StepXx">Change of input x along an output row.</param>
/// <param name="StepXy">Change of input x from output row to row.</param>
/// <param name="StartY">Input y of output pixel (0, 0).</param>
/// <param name="StepYx">Change of input y along an output row.</param>
/// <param name="StepYy">Change of input y from output row to row.</param>
internal readonly record struct AffineMap(
    int StartX, int StepXx, int StepXy, int StartY, int StepYx, int StepYy)
{
    /// <summary>Turns counter-clockwise about the centre.</summary>
    public static AffineMap Rotation(int size, double degrees)
    {
        var angle = -degrees * Math.PI / 180;
        double cosine = Math.Round(Math.Cos(angle), 15), sine = Math.Round(Math.Sin(angle), 15);
        var centre = size / 2.0;
        return Of(
            cosine, sine, centre - (cosine * centre) - (sine * centre),
            -sine, cosine, centre + (sine * centre) - (cosine * centre));
    }

    /// <summary>Reads row y from <paramref name="x"/> y pixels further right, column x from y x further down.</summary>
    public static AffineMap Shear(double x, double y) => Of(1, x, 0, y, 1, 0);

    /// <summary>Reads from so many pixels further right and down, rounded to whole ones.</summary>
    public static AffineMap Shift(double right, double down) => new(
        (int)Math.Floor(right + 0.5) << 16, 1 << 16, 0, (int)Math.Floor(down + 0.5) << 16, 0, 1 << 16);

    /// <summary>Input x of output pixel (x, y); it may lie outside the image.</summary>
    public int X(int x, int y) => (StartX + (x * StepXx) + (y * StepXy)) >> 16;

    /// <summary>Input y of output pixel (x, y); it may lie outside the image.</summary>
    public int Y(int x, int y) => (StartY + (x * StepYx) + (y * StepYy)) >> 16;

    private static AffineMap Of(double a, double b, double c, double d, double e, double f) => new(
        Fix(c + (a * 0.5) + (b * 0.5)), Fix(a), Fix(b), Fix(f + (d * 0.5) + (e * 0.5)), Fix(d), Fix(e));

    private static int Fix(double value) => (int)Math.Floor((value * 65536) + 0.5);
}
