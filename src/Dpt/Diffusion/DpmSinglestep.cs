using static DPT.Engine.Dpt.ExponentialIntegrator;

namespace DPT.Engine.Dpt;

/// <summary>
/// Singlestep DPM-Solver (Lu et al. 2022) and DPM-Solver++: a step of order k asks the network k times (spec 5.4, 5.5,
/// 5.7).
/// </summary>
internal sealed class DpmSinglestep
{
    private readonly NoiseSchedule _schedule;
    private readonly ExponentialIntegrator _integrator;
    private readonly bool _taylor;

    /// <param name="schedule">The process.</param>
    /// <param name="model">Noise (DPM-Solver) or data (DPM-Solver++).</param>
    /// <param name="taylor">Weights of the Taylor expansion instead of the papers' own.</param>
    public DpmSinglestep(NoiseSchedule schedule, Prediction model, bool taylor = false)
    {
        _schedule = schedule;
        _integrator = new ExponentialIntegrator(schedule, model);
        _taylor = taylor;
    }

    /// <summary>
    /// Steps of the given order, the last ones of lower order so that exactly so many evaluations are made, on a grid
    /// uniform in lambda.
    /// </summary>
    public IEnumerable<SolverStage> Fast(int order, int evaluations)
    {
        var orders = Orders(order, evaluations);
        var times = TimeGrids.LogSnr(_schedule, _schedule.Start, _schedule.End, orders.Count);
        return orders.SelectMany((k, i) => Step(k, times[i], times[i + 1]));
    }

    /// <summary>
    /// The same orders on a grid of one interval per evaluation, uniform in time: a step of order k spans k intervals
    /// and asks the network at the grid's own times.
    /// </summary>
    public IEnumerable<SolverStage> FastOnUniformTimes(int order, int evaluations)
    {
        var times = TimeGrids.Uniform(_schedule, _schedule.Start, _schedule.End, evaluations);
        var i = 0;
        foreach (var k in Orders(order, evaluations))
        {
            var (s, t) = (times[i], times[i + k]);
            var whole = _integrator.Step(s, t);
            var r1 = k > 1 ? _integrator.Step(s, times[i + 1]) / whole : 1;
            var r2 = k > 2 ? _integrator.Step(s, times[i + 2]) / whole : 1;
            foreach (var stage in Step(k, s, t, r1, r2))
            {
                yield return stage;
            }

            i += k;
        }
    }

    /// <summary>As many whole steps of one order as fit, on any grid.</summary>
    public IEnumerable<SolverStage> FixedOrder(int order, TimeGrid grid, int evaluations)
    {
        var steps = evaluations / order;
        if (steps == 0)
        {
            return [];
        }

        var times = grid(_schedule, _schedule.Start, _schedule.End, steps);
        return Enumerable.Range(0, steps).SelectMany(i => Step(order, times[i], times[i + 1]));
    }

    /// <summary>The orders of the steps that use exactly so many evaluations.</summary>
    public static IReadOnlyList<int> Orders(int order, int evaluations)
    {
        var rest = evaluations % order;
        if (order == 3 && rest == 0)
        {
            return [.. Enumerable.Repeat(3, (evaluations / 3) - 1), 2, 1];
        }

        var full = Enumerable.Repeat(order, evaluations / order);
        return rest == 0 ? [.. full] : [.. full, rest];
    }

    /// <summary>One step from s to t, its inner times at equal distances in lambda.</summary>
    public IEnumerable<SolverStage> Step(int order, double s, double t) => Step(order, s, t, 1.0 / order, 2.0 / 3);

    private IEnumerable<SolverStage> Step(int order, double s, double t, double r1, double r2) => order switch
    {
        1 => [First(s, t)],
        2 => Second(s, t, r1),
        3 => Third(s, t, r1, r2),
        _ => throw new ArgumentOutOfRangeException(nameof(order), order, "orders are 1, 2 and 3"),
    };

    /// <summary>The step of order 1 (DDIM).</summary>
    public SolverStage First(double s, double t) => new()
    {
        Time = s,
        BaseWeight = _integrator.Ratio(s, t),
        ModelWeight = -_integrator.Scale(t) * Phi1(_integrator.Step(s, t)),
    };

    private IEnumerable<SolverStage> Second(double s, double t, double r1)
    {
        var inner = _integrator.Inside(s, t, r1);
        yield return First(s, inner) with { Output = SolverState.Intermediate, Keep = true };
        yield return SecondOfTwo(s, t, inner, r1);
    }

    /// <summary>The result of order 2 from the values at s and at the inner time.</summary>
    public SolverStage SecondOfTwo(double s, double t, double inner, double r1)
    {
        var z = _integrator.Step(s, t);
        var difference = _taylor ? Phi2(z) / r1 : Phi1(z) / (2 * r1);
        return new SolverStage
        {
            Time = inner,
            Input = SolverState.Intermediate,
            BaseWeight = _integrator.Ratio(s, t),
            ModelWeight = -_integrator.Scale(t) * difference,
            PreviousWeight = -_integrator.Scale(t) * (Phi1(z) - difference),
        };
    }

    private IEnumerable<SolverStage> Third(double s, double t, double r1, double r2)
    {
        var (inner1, inner2) = (_integrator.Inside(s, t, r1), _integrator.Inside(s, t, r2));
        yield return First(s, inner1) with { Output = SolverState.Intermediate, Keep = true };
        yield return SecondOfThree(s, t, inner1, inner2, r1, r2);
        yield return ThirdOfThree(s, t, inner2, r1, r2);
    }

    /// <summary>The second inner state of order 3, from the values at s and at the first inner time.</summary>
    public SolverStage SecondOfThree(double s, double t, double inner1, double inner2, double r1, double r2)
    {
        var z = r2 * _integrator.Step(s, t);
        var difference = r2 / r1 * Phi2(z);
        return new SolverStage
        {
            Time = inner1,
            Input = SolverState.Intermediate,
            Output = SolverState.Intermediate,
            BaseWeight = _integrator.Ratio(s, inner2),
            ModelWeight = -_integrator.Scale(inner2) * difference,
            PreviousWeight = -_integrator.Scale(inner2) * (Phi1(z) - difference),
            Keep = true,
        };
    }

    /// <summary>The result of order 3 from the values at s and at both inner times.</summary>
    public SolverStage ThirdOfThree(double s, double t, double inner2, double r1, double r2)
    {
        var z = _integrator.Step(s, t);
        var (at1, at2) = _taylor ? TaylorWeights(z, r1, r2) : (0, Phi2(z) / r2);
        var scale = -_integrator.Scale(t);
        return new SolverStage
        {
            Time = inner2,
            Input = SolverState.Intermediate,
            BaseWeight = _integrator.Ratio(s, t),
            ModelWeight = scale * at2,
            PreviousWeight = scale * at1,
            EarlierWeight = scale * (Phi1(z) - at1 - at2),
        };
    }

    /// <summary>Weights of m_1 - m_s and m_2 - m_s when both derivatives are taken from them.</summary>
    private static (double At1, double At2) TaylorWeights(double z, double r1, double r2)
    {
        var (phi2, phi3) = (Phi2(z), Phi3(z));
        return (((r2 * phi2) - (2 * phi3)) / ((r2 - r1) * r1), ((2 * phi3) - (r1 * phi2)) / ((r2 - r1) * r2));
    }
}
