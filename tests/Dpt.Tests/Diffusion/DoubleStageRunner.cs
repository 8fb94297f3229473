using DPT.Engine.Dpt;

namespace Dpt.Tests;

/// <summary>
/// Runs solver stages on doubles with the exact model of one-dimensional data, by default N(0.3, 0.5^2), of which the
/// ODE's solution is known. Every number is a sample of its own.
/// </summary>
internal sealed class DoubleStageRunner : IStageRunner
{
    private readonly NoiseSchedule _schedule;
    private readonly Prediction _model;
    private readonly Prediction _network;
    private readonly double _guidance;
    private readonly Func<int, double>? _noise;
    private readonly GaussianMixture _data;
    private readonly Dictionary<SolverState, double[]> _states = [];
    private readonly List<double[]> _models = [];

    public DoubleStageRunner(
        NoiseSchedule schedule, Solver solver, double[] start, Prediction network = Prediction.Noise,
        double guidance = 0, Func<int, double>? noise = null, GaussianMixture? data = null)
    {
        _data = data ?? GaussianMixture.Single;
        (_schedule, _model, _network, _guidance, _noise) = (schedule, solver.Model, network, guidance, noise);
        foreach (var state in Enum.GetValues<SolverState>())
        {
            _states[state] = [.. start];
        }
    }

    /// <summary>What becomes of the model values of an evaluation.</summary>
    public Func<double[], double[]> Threshold { get; init; } = values => values;

    /// <summary>Network evaluations so far.</summary>
    public int Evaluations => _models.Count;

    public double[] Result => State(SolverState.Trajectory);

    public double[] State(SolverState state) => _states[state];

    public static double[] Solve(string solver, NoiseSchedule schedule, int evaluations, double[] start)
    {
        var found = SolverCatalog.Find(solver);
        var runner = new DoubleStageRunner(schedule, found, start);
        found.Solve(schedule, evaluations, runner);
        return runner.Result;
    }

    /// <summary>The exact solution of the probability-flow ODE.</summary>
    public static double Exact(NoiseSchedule schedule, double from, double to, double x) =>
        GaussianMixture.Single.Carry(schedule, from, to, x);

    public void Run(in SolverStage stage)
    {
        if (!stage.Reuse)
        {
            _models.Add(Threshold(Evaluate(stage.Time, _states[stage.Input])));
        }

        var trajectory = _states[SolverState.Trajectory];
        var result = new double[trajectory.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = (stage.BaseWeight * trajectory[i]) + (stage.ModelWeight * _models[^1][i])
                + (stage.PreviousWeight == 0 ? 0 : stage.PreviousWeight * _models[^2][i])
                + (stage.EarlierWeight == 0 ? 0 : stage.EarlierWeight * _models[^3][i])
                + (stage.NoiseWeight == 0 ? 0 : stage.NoiseWeight * _noise!(i));
        }

        _states[stage.Output] = result;
    }

    public double Error(double absolute, double relative)
    {
        var (lower, higher, previous) =
            (_states[SolverState.Lower], _states[SolverState.Higher], _states[SolverState.Previous]);
        return Enumerable.Range(0, lower.Length).Max(i => Math.Abs(higher[i] - lower[i])
            / Math.Max(absolute, relative * Math.Max(Math.Abs(lower[i]), Math.Abs(previous[i]))));
    }

    public void Accept()
    {
        _states[SolverState.Trajectory] = _states[SolverState.Higher];
        _states[SolverState.Previous] = _states[SolverState.Lower];
    }

    /// <summary>
    /// What a network that knows the data's distribution predicts at x; without the condition it knows them to be
    /// N(0, 1).
    /// </summary>
    public static double Predict(NoiseSchedule schedule, double t, double x, Prediction network, bool conditional) =>
        Predict(conditional ? GaussianMixture.Single : GaussianMixture.Standard, schedule, t, x, network);

    private static double Predict(GaussianMixture known, NoiseSchedule schedule, double t, double x, Prediction network)
    {
        var (alpha, sigma) = (schedule.Alpha(t), schedule.Sigma(t));
        var noise = known.Noise(schedule, t, x);
        var data = (x - (sigma * noise)) / alpha;
        return network switch
        {
            Prediction.Noise => noise,
            Prediction.Data => data,
            _ => (alpha * noise) - (sigma * data),
        };
    }

    private double[] Evaluate(double t, double[] state)
    {
        var weights = ModelWeights.For(_schedule, t, _network, _model, _guidance);
        return Array.ConvertAll(state, x => (weights.State * x)
            + (weights.Conditional * Predict(_data, _schedule, t, x, _network))
            + (weights.Unconditional * Predict(GaussianMixture.Standard, _schedule, t, x, _network)));
    }
}
