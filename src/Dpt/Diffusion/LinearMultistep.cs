namespace DPT.Engine.Dpt;

/// <summary>
/// Linear multistep (Adams and Bashforth's) of order 3 on unequal steps, as k-diffusion has it (spec 5.10): with u = sigma / alpha,
/// d(x / alpha) = eps du, and eps is the parabola through the last three values. On the grid of Karras et al., ended at 0; the first two
/// steps are of lower order.
/// </summary>
internal static class LinearMultistep
{
    private const int Order = 3;

    public static IEnumerable<SolverStage> Plan(NoiseSchedule schedule, int evaluations)
    {
        var times = EdmHeunSolver.Times(schedule, evaluations);
        double[] levels = [.. times.Select(time => schedule.Sigma(time) / schedule.Alpha(time))];
        for (var i = 0; i < evaluations; i++)
        {
            var alpha = schedule.Alpha(times[i + 1]);
            var known = Math.Min(Order, i + 1);
            double Weight(int back) => back < known
                ? alpha * Integral(levels.AsSpan(i + 1 - known, known), known - 1 - back, levels[i], levels[i + 1])
                : 0;
            yield return new SolverStage
            {
                Time = times[i],
                BaseWeight = alpha / schedule.Alpha(times[i]),
                ModelWeight = Weight(0),
                PreviousWeight = Weight(1),
                EarlierWeight = Weight(2),
                Keep = true,
            };
        }
    }

    /// <summary>The integral of the polynomial that is 1 at one of some points and 0 at the others. Simpson's rule is exact for parabolas.</summary>
    private static double Integral(ReadOnlySpan<double> points, int one, double from, double to)
    {
        var (first, middle, last) = (Lagrange(points, one, from), Lagrange(points, one, (from + to) / 2), Lagrange(points, one, to));
        return (to - from) / 6 * (first + (4 * middle) + last);
    }

    private static double Lagrange(ReadOnlySpan<double> points, int one, double at)
    {
        var product = 1.0;
        for (var i = 0; i < points.Length; i++)
        {
            product *= i == one ? 1 : (at - points[i]) / (points[one] - points[i]);
        }

        return product;
    }
}
