namespace DPT.Engine.Dpt;

/// <summary>
/// Heun's method of EDM (Karras et al. 2022, algorithm 1 without churn; spec 5.10) on their grid, ended at 0:
/// n steps use 2n - 1 evaluations. It solves d(x/alpha) = eps d(sigma/alpha), so it serves every process, not only
/// EDM's own with alpha = 1.
/// </summary>
internal static class EdmHeunSolver
{
    public static IEnumerable<SolverStage> Plan(NoiseSchedule schedule, int evaluations)
    {
        var times = Times(schedule, (evaluations + 1) / 2);
        for (var i = 0; i + 1 < times.Length; i++)
        {
            var (s, t) = (times[i], times[i + 1]);
            var ratio = Math.Exp(schedule.LogAlpha(t) - schedule.LogAlpha(s));
            var step = schedule.Sigma(t) - (ratio * schedule.Sigma(s));
            var euler = new SolverStage { Time = s, BaseWeight = ratio, ModelWeight = step };
            if (t == 0)
            {
                yield return euler;
                yield break;
            }

            yield return euler with { Output = SolverState.Intermediate, Keep = true };
            yield return new SolverStage
            {
                Time = t,
                Input = SolverState.Intermediate,
                BaseWeight = ratio,
                ModelWeight = step / 2,
                PreviousWeight = step / 2,
            };
        }
    }

    /// <summary>The times of n steps: n of Karras' grid, then 0.</summary>
    public static double[] Times(NoiseSchedule schedule, int steps) => steps == 1
        ? [schedule.Start, 0]
        : [.. TimeGrids.Karras(schedule, schedule.Start, schedule.End, steps - 1), 0];
}
