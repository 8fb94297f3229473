namespace DPT.Engine.Dpt;

/// <summary>
/// DPM-Solver++(2M) of the reverse SDE (Lu et al. 2022, arXiv 2211.01095, section 5 and k-diffusion's midpoint form; spec 5.10): what is left of a
/// state falls twice as fast as in the ODE, and fresh noise takes its place. On the grid of Karras et al., ended at 0; first and last steps
/// are of order 1.
/// </summary>
internal static class DpmSde
{
    public static IEnumerable<SolverStage> Plan(NoiseSchedule schedule, int evaluations)
    {
        var times = EdmHeunSolver.Times(schedule, evaluations);
        for (var i = 0; i < evaluations; i++)
        {
            var (from, to) = (times[i], times[i + 1]);
            if (to == 0)
            {
                yield return new SolverStage { Time = from, BaseWeight = 0, ModelWeight = 1 };
                yield break;
            }

            var h = schedule.Lambda(to) - schedule.Lambda(from);
            var renewed = -schedule.Alpha(to) * Exponentials.Expm1(-2 * h);
            var difference = i == 0 ? 0 : renewed * h / (2 * (schedule.Lambda(from) - schedule.Lambda(times[i - 1])));
            yield return new SolverStage
            {
                Time = from,
                BaseWeight = schedule.Sigma(to) / schedule.Sigma(from) * Math.Exp(-h),
                ModelWeight = renewed + difference,
                PreviousWeight = -difference,
                NoiseWeight = schedule.Sigma(to) * Math.Sqrt(-Exponentials.Expm1(-2 * h)),
                Keep = true,
            };
        }
    }
}
