using System.Globalization;
using System.Text;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;
using Dpt.Tests;

namespace Perf;

/// <summary>
/// What solvers lose with few evaluations, and the orders at which they converge: on one-dimensional data of two heaps, where a perfect
/// network and the exact solution are known. So the error is the solver's alone. Doubles; the same numbers on every machine.
/// </summary>
internal sealed class SolverBoard
{
    private static readonly int[] Counts = [5, 6, 8, 10, 12, 15, 20, 25, 35, 50, 100];

    /// <summary>Whose orders are told, with the evaluations of a step, and those more that leave no step of order 1 at the end.</summary>
    private static readonly (string Name, int PerStep, int Extra)[] Shown =
    [
        ("ddim", 1, 0), ("dpm-solver-1", 1, 0), ("dpm-solver-2", 2, 0), ("dpm-solver-3", 3, 0), ("dpm-solver-fast", 3, 2),
        ("dpm-solver++-fast", 3, 2), ("dpm-solver++-2s", 2, 0), ("dpm-solver-2m", 1, 0), ("dpm-solver++-2m", 1, 0), ("dpm-solver-3m", 1, 0),
        ("dpm-solver++-3m", 1, 0), ("unipc-2", 1, 0), ("unipc-3", 1, 0),
    ];

    private const int Samples = 64;

    private static readonly Way _gentle = new(new GentleSchedule(), new GentleSchedule().End);

    /// <summary>Shown in the plot.</summary>
    private static readonly string[] Drawn = ["dpm-solver-1", "dpm-solver++-2m", "dpm-solver-fast"];

    private readonly StringBuilder _text = new();
    private readonly string? _file;

    /// <param name="file">Where the board will be; null if nowhere, and then there is no plot.</param>
    public SolverBoard(string? file)
    {
        _file = file;
        Line("# What solvers lose with few evaluations");
        Line("");
        Line("Command: `dotnet run -c Release --project perf -- solvers --out perf/boards/solvers.md`.");
        Line("");
        Line("Root mean square error of 64 numbers against the exact solution of the probability-flow ODE at time 0, in thousandths, for so many");
        Line("evaluations. The data are two heaps, 0.4 N(-0.8, 0.4^2) + 0.6 N(0.6, 0.3^2), and the network knows them: the error is the solver's");
        Line("alone. Evaluations that a solver has no use for are lost; Heun's takes an odd number. The least of a column is bold. A trained network");
        Line("adds errors of its own, beside which a few thousandths are nothing.");
        foreach (var (name, schedule) in new (string, NoiseSchedule)[]
        {
            ("linear (U-ViT's continuous models)", new LinearVpSchedule()), ("discrete (its H models)", new DiscreteSchedule()),
            ("cosine", new CosineSchedule()), ("edm", new EdmSchedule()),
        })
        {
            Table(name, schedule);
        }

        Orders();
    }

    public override string ToString() => _text.ToString();

    private static IEnumerable<PlannedSolver> Solvers => SolverCatalog.Solvers.OfType<PlannedSolver>()
        .Where(solver => solver.Plan(new CosineSchedule(), 12).All(stage => stage.NoiseWeight == 0));

    private void Table(string name, NoiseSchedule schedule)
    {
        Line("");
        Line($"## {name}");
        Line("");
        Line($"| solver | {string.Join(" | ", Counts)} |");
        Line($"|---|{string.Concat(Counts.Select(_ => "---|"))}");
        var way = new Way(schedule, end: 0);
        var rows = Solvers.Select(solver => (solver.Name, Errors: Counts.Select(n => Text(1e3 * way.Error(solver, n))).ToArray())).ToList();
        var least = Counts.Select((_, column) => rows.Min(row => double.Parse(row.Errors[column], CultureInfo.InvariantCulture))).ToArray();
        foreach (var (solver, errors) in rows)
        {
            var cells = errors.Select((error, column) =>
                double.Parse(error, CultureInfo.InvariantCulture) == least[column] ? $"**{error}**" : error);
            Line($"| `{solver}` | {string.Join(" | ", cells)} |");
        }
    }

    private void Orders()
    {
        Line("");
        Line("## Orders");
        Line("");
        Line("On a process without steep ends (log alpha = -t, from 0.8 to 0.2), where few steps show the order: log2 of the error of 100 steps over");
        Line("that of 200. Multistep solvers of order 3 start with a step of order 1, whose error falls with order 2. Solvers that end at 0 with a");
        Line("step that does not shrink are left out.");
        Line("");
        Line("| solver | order |");
        Line("|---|---|");
        foreach (var (name, perStep, extra) in Shown)
        {
            double At(int steps) => GentleError(name, (steps * perStep) + extra);
            Line(string.Create(CultureInfo.InvariantCulture, $"| `{name}` | {Math.Log2(At(100) / At(200)):0.00} |"));
        }

        if (_file is not null)
        {
            Plot();
        }
    }

    private void Plot()
    {
        var file = Path.ChangeExtension(_file, null) + "-orders.svg";
        int[] steps = [4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
        File.WriteAllText(file, SvgPlot.LogLogFile(
            "Error in thousandths against evaluations, on the process without steep ends",
            "evaluations",
            [
                .. Shown.Where(solver => Drawn.Contains(solver.Name)).Select(solver => new Curve(
                    solver.Name,
                    [.. steps.Select(n => (n * solver.PerStep) + solver.Extra).Select(n => ((double)n, 1e3 * GentleError(solver.Name, n)))])),
            ]));
        Line("");
        Line($"![Orders of convergence]({Path.GetFileName(file)})");
    }

    private static double GentleError(string name, int evaluations) =>
        _gentle.Error((PlannedSolver)SolverCatalog.Find(name), evaluations);

    private static string Text(double thousandths) => thousandths.ToString(thousandths < 100 ? "g3" : "0", CultureInfo.InvariantCulture);

    private void Line(string line) => _text.Append(line).Append('\n');

    /// <summary>Numbers of noise, and where a process leads them.</summary>
    private sealed class Way
    {
        private readonly NoiseSchedule _schedule;
        private readonly double[] _start;
        private readonly double[] _exact;

        /// <param name="schedule">The process.</param>
        /// <param name="end">The time that the exact solution is of.</param>
        public Way(NoiseSchedule schedule, double end)
        {
            _schedule = schedule;
            _start = [.. Enumerable.Range(0, Samples).Select(i => schedule.StartDeviation * ((4.0 * i / (Samples - 1)) - 2))];
            _exact = Array.ConvertAll(_start, x => GaussianMixture.Two.Carry(schedule, schedule.Start, end, x));
        }

        /// <summary>Root mean square over the numbers.</summary>
        public double Error(PlannedSolver solver, int evaluations)
        {
            var runner = new DoubleStageRunner(_schedule, solver, _start, data: GaussianMixture.Two);
            solver.Solve(_schedule, evaluations, runner);
            return Math.Sqrt(runner.Result.Zip(_exact, (x, exact) => (x - exact) * (x - exact)).Average());
        }
    }
}
