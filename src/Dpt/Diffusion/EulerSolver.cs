namespace DPT.Engine.Dpt;

/// <summary>
/// Euler steps of the reverse process in time: of its probability-flow ODE, or of the SDE with fresh noise in every step
/// but the last (Euler-Maruyama; spec 5.9). Uniform times down to 1/1000, then 0.
/// </summary>
internal static class EulerSolver
{
    private const double LastTime = 1e-3;

    /// <summary>The probability-flow ODE: dx = (f x - g^2 score / 2) dt.</summary>
    public static IEnumerable<SolverStage> Ode(NoiseSchedule schedule, int evaluations) =>
        Steps(schedule, evaluations, 0.5, withNoise: false);

    /// <summary>The reverse SDE: dx = (f x - g^2 score) dt + g dw.</summary>
    public static IEnumerable<SolverStage> Sde(NoiseSchedule schedule, int evaluations) =>
        Steps(schedule, evaluations, 1, withNoise: true);

    private static IEnumerable<SolverStage> Steps(
        NoiseSchedule schedule, int evaluations, double scoreWeight, bool withNoise)
    {
        var times = evaluations > 1
            ? TimeGrids.Uniform(schedule, schedule.Start, LastTime, evaluations - 1)
            : [schedule.Start];
        for (var i = 0; i < evaluations; i++)
        {
            var (from, to) = (times[i], i + 1 < evaluations ? times[i + 1] : 0);
            var rate = schedule.Diffusion(from);
            yield return new SolverStage
            {
                Time = from,
                BaseWeight = 1 + (schedule.Drift(from) * (to - from)),
                // The score is -eps / sigma.
                ModelWeight = scoreWeight * rate / schedule.Sigma(from) * (to - from),
                NoiseWeight = withNoise && to > 0 ? Math.Sqrt(rate * (from - to)) : 0,
            };
        }
    }
}
