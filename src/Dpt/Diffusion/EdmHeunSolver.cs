namespace DPT.Engine.Dpt;

/// <summary>Fresh noise between the steps of <see cref="EdmHeunSolver"/>, by EDM's names.</summary>
/// <param name="Amount">S_churn: a level is raised by the factor 1 + min(S_churn / steps, sqrt(2) - 1).</param>
/// <param name="Least">S_min: the lowest level that is raised.</param>
/// <param name="Most">S_max: the highest.</param>
/// <param name="Deviation">S_noise: deviation of the noise that raises it.</param>
internal readonly record struct Churn(double Amount, double Least, double Most, double Deviation)
{
    /// <summary>What EDM draws its ImageNet images of 64 x 64 with, in 256 steps.</summary>
    public static Churn ImageNet64 => new(40, 0.05, 50, 1.003);

    /// <summary>The level that one is raised to in a way of so many steps.</summary>
    public double Raised(double level, int steps) =>
        level >= Least && level <= Most ? level * (1 + Math.Min(Amount / steps, Math.Sqrt(2) - 1)) : level;
}

/// <summary>
/// Heun's method of EDM (Karras et al. 2022, algorithms 1 and 2; spec 5.10) on their grid, ended at 0:
/// n steps use 2n - 1 evaluations. It solves d(x/alpha) = eps d(sigma/alpha), so it serves every process, not only
/// EDM's own with alpha = 1.
/// </summary>
internal static class EdmHeunSolver
{
    /// <param name="schedule">The process.</param>
    /// <param name="evaluations">At most so many.</param>
    /// <param name="churn">Noise that every step but the first starts with; by default none.</param>
    public static IEnumerable<SolverStage> Plan(NoiseSchedule schedule, int evaluations, Churn churn = default)
    {
        var times = Times(schedule, (evaluations + 1) / 2);
        var s = times[0];
        for (var i = 0; i + 1 < times.Length; i++)
        {
            var t = times[i + 1];
            var ratio = Math.Exp(schedule.LogAlpha(t) - schedule.LogAlpha(s));
            var step = schedule.Sigma(t) - (ratio * schedule.Sigma(s));
            var euler = new SolverStage { Time = s, BaseWeight = ratio, ModelWeight = step };
            if (t == 0)
            {
                yield return euler;
                yield break;
            }

            yield return euler with { Output = SolverState.Intermediate, Keep = true };
            var (next, scale, noise) = Raise(schedule, t, churn, times.Length - 1);
            yield return new SolverStage
            {
                Time = t,
                Input = SolverState.Intermediate,
                BaseWeight = scale * ratio,
                ModelWeight = scale * step / 2,
                PreviousWeight = scale * step / 2,
                NoiseWeight = noise,
            };
            s = next;
        }
    }

    /// <summary>The times of n steps: n of Karras' grid, then 0.</summary>
    public static double[] Times(NoiseSchedule schedule, int steps) => steps == 1
        ? [schedule.Start, 0]
        : [.. TimeGrids.Karras(schedule, schedule.Start, schedule.End, steps - 1), 0];

    /// <summary>The time that noise leads back to from a time, and the weights of the state and of the noise.</summary>
    private static (double Time, double Scale, double Noise) Raise(NoiseSchedule schedule, double time, in Churn churn, int steps)
    {
        var level = schedule.Sigma(time) / schedule.Alpha(time);
        var raised = churn.Raised(level, steps);
        if (raised == level)
        {
            return (time, 1, 0);
        }

        var back = schedule.TimeOfLambda(-Math.Log(raised));
        var added = Math.Sqrt((raised * raised) - (level * level));
        return (back, schedule.Alpha(back) / schedule.Alpha(time), schedule.Alpha(back) * added * churn.Deviation);
    }
}
