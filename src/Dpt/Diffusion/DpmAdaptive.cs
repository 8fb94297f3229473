namespace DPT.Engine.Dpt;

/// <summary>
/// DPM-Solver-12 and -23, and those of DPM-Solver++: steps of two orders from the same model values, whose difference chooses the step size
/// (spec 5.8). The number of evaluations follows from the tolerances.
/// </summary>
internal sealed class DpmAdaptive : Solver
{
    private const double FirstStep = 0.05;
    private const double AbsoluteTolerance = 0.0078;
    private const double RelativeTolerance = 0.05;
    private const double Safety = 0.9;
    private const double TimeTolerance = 1e-5;

    private readonly int _order;

    /// <param name="name">Its name.</param>
    /// <param name="description">One line for people.</param>
    /// <param name="model">Noise, or data for DPM-Solver++.</param>
    /// <param name="order">The higher order, 2 or 3.</param>
    public DpmAdaptive(string name, string description, Prediction model, int order) : base(name, description, model) =>
        _order = order;

    internal override void Solve(NoiseSchedule schedule, int evaluations, IStageRunner runner)
    {
        var integrator = new ExponentialIntegrator(schedule, Model);
        var stages = new DpmSinglestep(schedule, Model);
        var time = schedule.Start;
        var last = schedule.Lambda(schedule.End);
        var step = FirstStep;
        while (Math.Abs(time - schedule.End) > TimeTolerance)
        {
            var next = schedule.TimeOfLambda(schedule.Lambda(time) + step);
            Attempt(integrator, stages, time, next, runner);
            var error = runner.Error(AbsoluteTolerance, RelativeTolerance);
            if (!double.IsFinite(error))
            {
                throw new DptException(FailureKind.Diverged, $"solver '{Name}' met values that are not finite");
            }

            if (error <= 1)
            {
                runner.Accept();
                time = next;
            }

            step = Math.Min(Safety * step * Math.Pow(error, -1.0 / _order), last - schedule.Lambda(time));
        }
    }

    /// <summary>Both results of one step from s to t.</summary>
    private void Attempt(
        in ExponentialIntegrator integrator, DpmSinglestep stages, double s, double t, IStageRunner runner)
    {
        if (_order == 2)
        {
            var middle = integrator.Inside(s, t, 0.5);
            runner.Run(stages.First(s, middle) with { Output = SolverState.Intermediate, Keep = true });
            runner.Run(stages.First(s, t) with { Output = SolverState.Lower, Reuse = true });
            runner.Run(stages.SecondOfTwo(s, t, middle, 0.5) with { Output = SolverState.Higher });
            return;
        }

        const double R1 = 1.0 / 3;
        const double R2 = 2.0 / 3;
        var (inner1, inner2) = (integrator.Inside(s, t, R1), integrator.Inside(s, t, R2));
        runner.Run(stages.First(s, inner1) with { Output = SolverState.Intermediate, Keep = true });
        runner.Run(stages.SecondOfTwo(s, t, inner1, R1) with { Output = SolverState.Lower });
        runner.Run(stages.SecondOfThree(s, t, inner1, inner2, R1, R2) with { Reuse = true });
        runner.Run(stages.ThirdOfThree(s, t, inner2, R1, R2) with { Output = SolverState.Higher });
    }
}
