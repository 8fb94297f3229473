namespace DPT.Engine.Dpt;

/// <summary>
/// Ancestral Euler steps (Song et al. 2021; spec 5.10): at each level an Euler step goes below the next one, and fresh noise leads back up to
/// it, as much as the process itself has between the two. On the grid of Karras et al., ended at 0.
/// </summary>
internal static class AncestralSolver
{
    public static IEnumerable<SolverStage> Plan(NoiseSchedule schedule, int evaluations)
    {
        var times = EdmHeunSolver.Times(schedule, evaluations);
        for (var i = 0; i < evaluations; i++)
        {
            // Levels are sigma / alpha: x / alpha goes along the noise as its level changes.
            var (from, to, alpha) = (Level(times[i]), Level(times[i + 1]), schedule.Alpha(times[i + 1]));
            var up = to * Math.Sqrt(1 - (to / from * (to / from)));
            var down = to / from * to;
            yield return new SolverStage
            {
                Time = times[i],
                BaseWeight = alpha / schedule.Alpha(times[i]),
                ModelWeight = alpha * (down - from),
                NoiseWeight = alpha * up,
            };
        }

        double Level(double time) => schedule.Sigma(time) / schedule.Alpha(time);
    }
}
