namespace DPT.Engine.Dpt;

/// <summary>
/// A way from noise to data (a <see cref="PlannedSolver"/>, unless it is adaptive). It knows the mathematics only: what runs the network and holds the states is an
/// executor of stages, on a device for sampling and in double precision for tests.
/// </summary>
public abstract class Solver
{
    private protected Solver(string name, string description, Prediction model)
    {
        Name = name;
        Description = description;
        Model = model;
    }

    /// <summary>The name by which options choose it.</summary>
    public string Name { get; }

    /// <summary>One line for people.</summary>
    public string Description { get; }

    /// <summary>The prediction that the stages' model values are: noise or data.</summary>
    internal Prediction Model { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>Runs all stages.</summary>
    /// <param name="schedule">The process that the network was trained on.</param>
    /// <param name="evaluations">Evaluations wanted: none uses more, except adaptive solvers, which choose their own.</param>
    /// <param name="runner">What executes the stages.</param>
    /// <exception cref="DptException">The solver cannot work with so few evaluations.</exception>
    internal abstract void Solve(NoiseSchedule schedule, int evaluations, IStageRunner runner);
}

/// <summary>Executes solver stages on states that it holds.</summary>
internal interface IStageRunner
{
    /// <summary>Evaluates the network, unless the stage reuses its output, and writes the stage's result.</summary>
    void Run(in SolverStage stage);

    /// <summary>
    /// The error of an adaptive attempt: the largest over the batch of the root mean square of
    /// (higher - lower) / max(absolute, relative max(|lower|, |previous|)).
    /// </summary>
    double Error(double absolute, double relative);

    /// <summary>Takes an adaptive attempt: the trajectory becomes the higher result, previous the lower one.</summary>
    void Accept();
}

/// <summary>
/// A solver whose stages are known before it starts: all but the adaptive ones. <c>new Sampler(…, solver, …)</c> takes any,
/// <see cref="SolverCatalog.Add"/> makes one known by its name.
/// </summary>
public sealed class PlannedSolver : Solver
{
    private readonly Func<NoiseSchedule, int, IEnumerable<SolverStage>> _plan;

    /// <summary>Describes a solver.</summary>
    /// <param name="name">The name by which options choose it.</param>
    /// <param name="description">One line for people.</param>
    /// <param name="model">What its stages' model values are, <see cref="Prediction.Noise"/> or <see cref="Prediction.Data"/>.</param>
    /// <param name="plan">
    /// From a schedule and a number of evaluations, at least 1, to the stages in order, of which at most as many evaluate; none if it
    /// cannot work with so few.
    /// </param>
    public PlannedSolver(
        string name, string description, Prediction model, Func<NoiseSchedule, int, IEnumerable<SolverStage>> plan)
        : base(name, description, model) => _plan = plan;

    /// <summary>The stages in order; those that do not <see cref="SolverStage.Reuse"/> are the evaluations.</summary>
    /// <exception cref="DptException">The solver cannot work with so few evaluations.</exception>
    public IReadOnlyList<SolverStage> Plan(NoiseSchedule schedule, int evaluations)
    {
        SolverStage[] stages = evaluations > 0 ? [.. _plan(schedule, evaluations)] : [];
        return stages.Length > 0
            ? stages
            : throw new DptException(FailureKind.Usage, $"solver '{Name}' cannot work with {evaluations} evaluations");
    }

    internal override void Solve(NoiseSchedule schedule, int evaluations, IStageRunner runner)
    {
        foreach (var stage in Plan(schedule, evaluations))
        {
            runner.Run(in stage);
        }
    }
}
