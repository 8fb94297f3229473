namespace DPT.Engine.Dpt;

/// <summary>
/// DPM-2 of k-diffusion (algorithm 2 of Karras et al. 2022 at the middle of the logarithm; spec 5.10): an Euler step to the geometric mean of two noise
/// levels, and from the noise found there the whole step. On the grid of Karras et al.; the last step, to 0, is Euler's: n steps use 2n - 1
/// evaluations.
/// </summary>
internal static class MidpointSolver
{
    public static IEnumerable<SolverStage> Plan(NoiseSchedule schedule, int evaluations)
    {
        var times = EdmHeunSolver.Times(schedule, (evaluations + 1) / 2);
        for (var i = 0; i + 1 < times.Length; i++)
        {
            var (from, to) = (times[i], times[i + 1]);
            if (to == 0)
            {
                yield return Step(from, from, to);
                yield break;
            }

            var middle = schedule.TimeOfLambda((schedule.Lambda(from) + schedule.Lambda(to)) / 2);
            yield return Step(from, from, middle) with { Output = SolverState.Intermediate };
            yield return Step(middle, from, to) with { Input = SolverState.Intermediate };
        }

        // x / alpha goes along the noise found at a time as sigma / alpha changes.
        SolverStage Step(double time, double from, double to)
        {
            var ratio = Math.Exp(schedule.LogAlpha(to) - schedule.LogAlpha(from));
            return new SolverStage { Time = time, BaseWeight = ratio, ModelWeight = schedule.Sigma(to) - (ratio * schedule.Sigma(from)) };
        }
    }
}
