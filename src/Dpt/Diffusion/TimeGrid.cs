namespace DPT.Engine.Dpt;

/// <summary>Times from the first to the last that cut the way into a number of intervals (spec 5.3).</summary>
/// <param name="schedule">The process.</param>
/// <param name="first">Where sampling starts.</param>
/// <param name="last">Where it ends, above 0 for all grids but those in time.</param>
/// <param name="intervals">Number of steps, at least 1.</param>
public delegate double[] TimeGrid(NoiseSchedule schedule, double first, double last, int intervals);

/// <summary>
/// The grids: intervals + 1 times, from the first, which is later, to the last. <c>first</c> and <c>last</c> themselves are exact.
/// </summary>
public static class TimeGrids
{
    /// <summary>Uniform in lambda.</summary>
    public static double[] LogSnr(NoiseSchedule schedule, double first, double last, int intervals) =>
        Between(schedule.Lambda, schedule.TimeOfLambda, first, last, intervals);

    /// <summary>Uniform in time.</summary>
    public static double[] Uniform(NoiseSchedule schedule, double first, double last, int intervals) =>
        Between(t => t, t => t, first, last, intervals);

    /// <summary>Uniform in the square root of time.</summary>
    public static double[] Quadratic(NoiseSchedule schedule, double first, double last, int intervals) =>
        Between(Math.Sqrt, root => root * root, first, last, intervals);

    /// <summary>
    /// The grid of Karras et al. (2022): sigma/alpha to the power 1/7 is uniform.
    /// </summary>
    public static double[] Karras(NoiseSchedule schedule, double first, double last, int intervals) => Between(
        t => Math.Exp(-schedule.Lambda(t) / 7), root => schedule.TimeOfLambda(-7 * Math.Log(root)), first, last, intervals);

    /// <summary>
    /// Quadratic times of a cosine process with its noise halved, whatever the process: the square root of
    /// arctan(sigma / 2 alpha) is uniform. Where few evaluations have to do, most fall between the noise levels 0.2 and 3.
    /// </summary>
    public static double[] ShiftedQuadratic(NoiseSchedule schedule, double first, double last, int intervals) => Between(
        t => Math.Sqrt(Math.Atan(Math.Exp(-schedule.Lambda(t)) / 2)),
        root => schedule.TimeOfLambda(-Math.Log(2 * Math.Tan(root * root))),
        first,
        last,
        intervals);

    private static double[] Between(
        Func<double, double> map, Func<double, double> inverse, double first, double last, int intervals)
    {
        var (from, to) = (map(first), map(last));
        var times = new double[intervals + 1];
        for (var i = 1; i < intervals; i++)
        {
            times[i] = inverse(from + ((to - from) * i / intervals));
        }

        times[0] = first;
        times[intervals] = last;
        return times;
    }
}
