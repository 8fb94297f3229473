namespace DPT.Engine.Dpt;

/// <summary>
/// Classifier-free guidance, eps + s (eps - eps_null), at all noise levels or in an interval of them (Kynkaanniemi et al. 2024,
/// arXiv 2404.07724): at high noise it costs variety, at low noise it changes nothing that can be seen. Outside the interval the network
/// is asked once, not twice.
/// </summary>
/// <param name="Scale">s of the specification; the usual weight is 1 + s. Not above 0: the condition alone.</param>
/// <param name="Above">Lowest noise level sigma/alpha that is guided, 0 or more.</param>
/// <param name="Below">Noise level up to which is guided; infinite for no limit.</param>
public readonly record struct Guidance(double Scale, double Above = 0, double Below = double.PositiveInfinity)
{
    /// <summary>The condition alone.</summary>
    public static Guidance None => new(0);

    /// <summary>The scale at a time of a process: s inside of the interval, 0 outside.</summary>
    /// <param name="schedule">The process.</param>
    /// <param name="time">The time.</param>
    public double At(NoiseSchedule schedule, double time)
    {
        var level = Math.Exp(-schedule.Lambda(time));
        return level >= Above && level < Below ? Math.Max(Scale, 0) : 0;
    }
}
