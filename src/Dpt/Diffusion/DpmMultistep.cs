using static DPT.Engine.Dpt.ExponentialIntegrator;

namespace DPT.Engine.Dpt;

/// <summary>
/// Multistep DPM-Solver and DPM-Solver++ (2M, 3M): one evaluation per step, the derivatives from earlier steps, on a
/// grid uniform in time (spec 5.6). The first steps are of lower order.
/// </summary>
internal static class DpmMultistep
{
    /// <summary>Fewer than so many are few (<c>lower_order_final</c> of the official code).</summary>
    private const int FewSteps = 10;

    /// <param name="schedule">The process.</param>
    /// <param name="model">Noise or data.</param>
    /// <param name="order">Order, 1 to 3.</param>
    /// <param name="taylor">Weights of the Taylor expansion in steps of order 2.</param>
    /// <param name="evaluations">Steps.</param>
    /// <param name="lowerFinal">Of fewer than 10 steps, the last ones are of lower order too: they are long, and their derivatives old.</param>
    public static IEnumerable<SolverStage> Plan(
        NoiseSchedule schedule, Prediction model, int order, bool taylor, int evaluations, bool lowerFinal = false)
    {
        var integrator = new ExponentialIntegrator(schedule, model);
        var times = TimeGrids.Uniform(schedule, schedule.Start, schedule.End, evaluations);
        for (var i = 0; i < evaluations; i++)
        {
            var z = integrator.Step(times[i], times[i + 1]);
            double LengthOfEarlier(int back) => integrator.Step(times[i - back], times[i - back + 1]) / z;
            var last = lowerFinal && evaluations < FewSteps ? evaluations - i : order;
            var (now, previous, earlier) = Math.Min(Math.Min(order, i + 1), last) switch
            {
                1 => (Phi1(z), 0.0, 0.0),
                2 => Second(z, LengthOfEarlier(1), taylor),
                _ => Third(z, LengthOfEarlier(1), LengthOfEarlier(2)),
            };
            var scale = -integrator.Scale(times[i + 1]);
            yield return new SolverStage
            {
                Time = times[i],
                BaseWeight = integrator.Ratio(times[i], times[i + 1]),
                ModelWeight = scale * now,
                PreviousWeight = scale * previous,
                EarlierWeight = scale * earlier,
                Keep = order > 1,
            };
        }
    }

    /// <summary>Weights of m_0 and m_1 with the derivative (m_0 - m_1) / r0.</summary>
    private static (double Now, double Previous, double Earlier) Second(double z, double r0, bool taylor)
    {
        var difference = (taylor ? Phi2(z) : Phi1(z) / 2) / r0;
        return (Phi1(z) + difference, -difference, 0);
    }

    /// <summary>Weights of m_0, m_1, m_2 with both derivatives from the differences m_0 - m_1 and m_1 - m_2.</summary>
    private static (double Now, double Previous, double Earlier) Third(double z, double r0, double r1)
    {
        var extrapolated = ((r0 * Phi2(z)) + Phi3(z)) / (r0 + r1);
        var newer = (Phi2(z) + extrapolated) / r0;
        var older = -extrapolated / r1;
        return (Phi1(z) + newer, older - newer, -older);
    }
}
