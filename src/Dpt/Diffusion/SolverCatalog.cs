namespace DPT.Engine.Dpt;

/// <summary>All solvers by name. A new one is a file with its plan and a line here; from outside it is added.</summary>
public static class SolverCatalog
{
    private const Prediction Noise = Prediction.Noise;
    private const Prediction Data = Prediction.Data;

    private static readonly List<Solver> All =
    [
        new PlannedSolver("dpm-solver-fast", "DPM-Solver-3 on log-SNR steps: official for continuous models",
            Noise, (schedule, n) => new DpmSinglestep(schedule, Noise).Fast(3, n)),
        new PlannedSolver("dpm-solver++-fast", "DPM-Solver++(3S) on uniform times: official for discrete models",
            Data, (schedule, n) => new DpmSinglestep(schedule, Data).FastOnUniformTimes(3, n)),
        new PlannedSolver("dpm-solver++-fast-2", "DPM-Solver++(2S) on uniform times",
            Data, (schedule, n) => new DpmSinglestep(schedule, Data).FastOnUniformTimes(2, n)),
        new PlannedSolver("dpm-solver++-fast-taylor", "DPM-Solver++(3S) on uniform times, Taylor weights",
            Data, (schedule, n) => new DpmSinglestep(schedule, Data, taylor: true).FastOnUniformTimes(3, n)),
        new PlannedSolver("dpm-solver-fast-uniform", "DPM-Solver-3 on uniform times",
            Noise, (schedule, n) => new DpmSinglestep(schedule, Noise).FastOnUniformTimes(3, n)),
        new PlannedSolver("dpm-solver-fast-uniform-taylor", "DPM-Solver-3 on uniform times, Taylor weights",
            Noise, (schedule, n) => new DpmSinglestep(schedule, Noise, taylor: true).FastOnUniformTimes(3, n)),
        new PlannedSolver("dpm-solver++-2s", "DPM-Solver++(2S) on log-SNR steps",
            Data, (schedule, n) => new DpmSinglestep(schedule, Data).Fast(2, n)),
        new PlannedSolver("dpm-solver++-2m", "DPM-Solver++(2M)",
            Data, (schedule, n) => DpmMultistep.Plan(schedule, Data, 2, taylor: false, n)),
        new PlannedSolver("dpm-solver++-2m-taylor", "DPM-Solver++(2M), Taylor weights",
            Data, (schedule, n) => DpmMultistep.Plan(schedule, Data, 2, taylor: true, n)),
        new PlannedSolver("dpm-solver++-3m", "DPM-Solver++(3M)",
            Data, (schedule, n) => DpmMultistep.Plan(schedule, Data, 3, taylor: false, n)),
        new PlannedSolver("dpm-solver++-2m-lower", "DPM-Solver++(2M), below 10 evaluations with a last step of order 1",
            Data, (schedule, n) => DpmMultistep.Plan(schedule, Data, 2, taylor: false, n, lowerFinal: true)),
        new PlannedSolver("dpm-solver++-3m-lower", "DPM-Solver++(3M), below 10 evaluations with last steps of order 2 and 1",
            Data, (schedule, n) => DpmMultistep.Plan(schedule, Data, 3, taylor: false, n, lowerFinal: true)),
        new PlannedSolver("dpm-solver-2m", "multistep DPM-Solver of order 2",
            Noise, (schedule, n) => DpmMultistep.Plan(schedule, Noise, 2, taylor: false, n)),
        new PlannedSolver("dpm-solver-2m-taylor", "multistep DPM-Solver of order 2, Taylor weights",
            Noise, (schedule, n) => DpmMultistep.Plan(schedule, Noise, 2, taylor: true, n)),
        new PlannedSolver("dpm-solver-3m", "multistep DPM-Solver of order 3",
            Noise, (schedule, n) => DpmMultistep.Plan(schedule, Noise, 3, taylor: false, n)),
        new PlannedSolver("unipc-2", "UniPC of order 2 on shifted quadratic times: for few evaluations",
            Data, (schedule, n) => UniPc.Plan(schedule, 2, TimeGrids.ShiftedQuadratic, n)),
        new PlannedSolver("unipc-3", "UniPC of order 3 on shifted quadratic times",
            Data, (schedule, n) => UniPc.Plan(schedule, 3, TimeGrids.ShiftedQuadratic, n)),
        new PlannedSolver("ddim", "DDIM on uniform times",
            Noise, (schedule, n) => new DpmSinglestep(schedule, Noise).FixedOrder(1, TimeGrids.Uniform, n)),
        FixedOrder("dpm-solver-1", 1, TimeGrids.LogSnr, "log-SNR"),
        FixedOrder("dpm-solver-2", 2, TimeGrids.LogSnr, "log-SNR"),
        FixedOrder("dpm-solver-3", 3, TimeGrids.LogSnr, "log-SNR"),
        FixedOrder("dpm-solver-2-uniform", 2, TimeGrids.Uniform, "uniform"),
        FixedOrder("dpm-solver-3-uniform", 3, TimeGrids.Uniform, "uniform"),
        FixedOrder("dpm-solver-1-quadratic", 1, TimeGrids.Quadratic, "quadratic"),
        FixedOrder("dpm-solver-2-quadratic", 2, TimeGrids.Quadratic, "quadratic"),
        FixedOrder("dpm-solver-3-quadratic", 3, TimeGrids.Quadratic, "quadratic"),
        new DpmAdaptive("dpm-solver-12", "adaptive DPM-Solver of orders 1 and 2; chooses its evaluations", Noise, 2),
        new DpmAdaptive("dpm-solver-23", "adaptive DPM-Solver of orders 2 and 3; chooses its evaluations", Noise, 3),
        new DpmAdaptive("dpm-solver++-12", "adaptive DPM-Solver++ of orders 1 and 2; chooses its evaluations", Data, 2),
        new DpmAdaptive("dpm-solver++-23", "adaptive DPM-Solver++ of orders 2 and 3; chooses its evaluations", Data, 3),
        new PlannedSolver("euler", "Euler steps of the probability-flow ODE", Noise, EulerSolver.Ode),
        new PlannedSolver("euler-maruyama", "Euler steps of the reverse SDE", Noise, EulerSolver.Sde),
        new PlannedSolver("edm-heun", "Heun steps of EDM, 2n - 1 evaluations", Noise, (schedule, n) => EdmHeunSolver.Plan(schedule, n)),
        new PlannedSolver("edm-heun-churn", "the same with fresh noise between the steps (S_churn 40, S_min 0.05, S_max 50, S_noise 1.003)",
            Noise, (schedule, n) => EdmHeunSolver.Plan(schedule, n, Churn.ImageNet64)),
        new PlannedSolver("dpm-2", "midpoint steps of k-diffusion on EDM's grid, 2n - 1 evaluations", Noise, MidpointSolver.Plan),
        new PlannedSolver("lms-3", "linear multistep of order 3 on EDM's grid", Noise, LinearMultistep.Plan),
        new PlannedSolver("euler-ancestral", "Euler steps with fresh noise on EDM's grid", Noise, AncestralSolver.Plan),
        new PlannedSolver("dpm-solver++-2m-sde", "DPM-Solver++(2M) of the reverse SDE on EDM's grid", Data, DpmSde.Plan),
    ];

    /// <summary>The solvers, the official one first.</summary>
    public static IReadOnlyList<Solver> Solvers => All;

    /// <summary>Adds a solver, so that <c>generate.solver</c> can name it. Before settings are read, by one thread.</summary>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    public static void Add(Solver solver) => Named.Add(All, other => other.Name, solver, "solver");

    /// <summary>The solver of that name.</summary>
    /// <exception cref="DptException">There is none; the message lists those that exist.</exception>
    public static Solver Find(string name) => Named.Find(Solvers, solver => solver.Name, name, "solver");

    private static PlannedSolver FixedOrder(string name, int order, TimeGrid grid, string gridName) => new(
        name, $"DPM-Solver of order {order} in all steps, {gridName} grid",
        Noise, (schedule, n) => new DpmSinglestep(schedule, Noise).FixedOrder(order, grid, n));
}
