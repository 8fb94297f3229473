using static DPT.Engine.Dpt.ExponentialIntegrator;

namespace DPT.Engine.Dpt;

/// <summary>
/// UniPC (Zhao et al. 2023, arXiv 2302.04867), multistep, data prediction, B(h) = e^h - 1: a predictor finds where the network is
/// asked next, and a corrector takes the same step again with the answer, without an evaluation of its own. The trajectory is
/// corrected as far as the values are known; what the network sees, the intermediate state, is predicted.
/// </summary>
internal static class UniPc
{
    /// <summary>
    /// Steps of lower order begin the way, when too few values are known, and end it, when the steps in lambda are too long for more;
    /// the first and the last are of order 1.
    /// </summary>
    /// <param name="schedule">The process.</param>
    /// <param name="order">Order of the predictor, 1 to 3; the corrector's is one more.</param>
    /// <param name="grid">The times.</param>
    /// <param name="evaluations">Steps.</param>
    public static IEnumerable<SolverStage> Plan(NoiseSchedule schedule, int order, TimeGrid grid, int evaluations)
    {
        var integrator = new ExponentialIntegrator(schedule, Prediction.Data);
        var times = grid(schedule, schedule.Start, schedule.End, evaluations);

        // Of the model value at the end of a step, in its correction: known when the next stage has evaluated it.
        var endWeight = 0.0;
        for (var i = 0; i < evaluations; i++)
        {
            var (s, t) = (times[i], times[i + 1]);
            var z = integrator.Step(s, t);
            var values = Math.Min(Math.Min(order, i + 1), evaluations - i);
            double[] earlier = [.. Enumerable.Range(1, values - 1).Select(back => -integrator.Step(times[i - back], s) / z)];
            var predicted = Weights(z, earlier);
            var corrected = Weights(z, [.. earlier, 1]);
            var (ratio, scale) = (integrator.Ratio(s, t), -integrator.Scale(t));
            double Of(double[] weights, int back) => back < values ? scale * weights[back] : 0;

            // Nobody evaluates at the end of the last step, so that one is not corrected.
            var last = i + 1 == evaluations;
            var step = last ? predicted : corrected;
            yield return new SolverStage
            {
                Time = s,
                Input = SolverState.Intermediate,
                BaseWeight = ratio,
                ModelWeight = (ratio * endWeight) + Of(step, 0),
                PreviousWeight = Of(step, 1),
                EarlierWeight = Of(step, 2),
                Keep = order > 1,
            };
            if (last)
            {
                yield break;
            }

            yield return new SolverStage
            {
                Time = s,
                Reuse = true,
                Input = SolverState.Intermediate,
                Output = SolverState.Intermediate,
                BaseWeight = 1,
                ModelWeight = Of(predicted, 0) - Of(corrected, 0),
                PreviousWeight = Of(predicted, 1) - Of(corrected, 1),
                EarlierWeight = Of(predicted, 2) - Of(corrected, 2),
            };
            endWeight = scale * corrected[^1];
        }
    }

    /// <summary>
    /// Weights of m_0 and of the values at the nodes, which are places in lambda, 0 being the start of the step and 1 its end: the
    /// polynomial through all of them is integrated. Of order 2 the paper has a simpler weight, with B(h).
    /// </summary>
    private static double[] Weights(double z, double[] nodes)
    {
        // The integrals of x, x^2 and x^3.
        var (first, second, third) = (Phi2(z), 2 * Phi3(z), 6 * Phi4(z));
        double[] others = [.. nodes.Select((node, k) => (double[])[.. nodes[..k], .. nodes[(k + 1)..]] switch
        {
            [] => Phi1(z) / 2 / node,
            [var a] => (second - (a * first)) / (node * (node - a)),
            [var a, var b] => (third - ((a + b) * second) + (a * b * first)) / (node * (node - a) * (node - b)),
            _ => throw new ArgumentException("orders are 1, 2 and 3", nameof(nodes)),
        })];
        return [Phi1(z) - others.Sum(), .. others];
    }
}
