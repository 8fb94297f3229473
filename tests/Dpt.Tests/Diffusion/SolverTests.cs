using DPT.Engine.Dpt;

namespace Dpt.Tests;

/// <summary>
/// The golden rows of spec 5.11, those of UniPC from a transcription of its authors' code; orders of convergence, and counts of
/// evaluations.
/// </summary>
[Parallelizable]
public sealed class SolverTests
{
    private static readonly double[] Start = [1.0, -0.7, 0.2, 2.5];

    private static IEnumerable<string> Names => SolverCatalog.Solvers.Select(s => s.Name);

    private static IEnumerable<string> PlannedNames =>
        SolverCatalog.Solvers.OfType<PlannedSolver>().Select(s => s.Name);

    [TestCase("dpm-solver-fast", 10, 0.808098906, -0.057378077, 0.400815620, 1.571755067)]
    [TestCase("dpm-solver-fast", 11, 0.811194248, -0.059555211, 0.401429797, 1.579502594)]
    [TestCase("dpm-solver-fast", 12, 0.849061243, -0.086189270, 0.408943355, 1.674282284)]
    [TestCase("dpm-solver-fast", 20, 0.804899691, -0.055127883, 0.400180833, 1.563747551)]
    [TestCase("dpm-solver-fast", 50, 0.799265332, -0.051164910, 0.399062865, 1.549644957)]
    [TestCase("dpm-solver-1", 12, 0.698663409, 0.019594270, 0.379101461, 1.297842060)]
    [TestCase("dpm-solver-2", 12, 0.924427931, -0.139199042, 0.423897591, 1.862922319)]
    [TestCase("dpm-solver-3", 12, 0.809661502, -0.058477141, 0.401125670, 1.575666186)]
    [TestCase("ddim", 12, 0.690179864, 0.025561240, 0.377418159, 1.276608061)]
    [TestCase("dpm-solver-3-uniform", 12, 0.740354832, -0.009729731, 0.387373861, 1.402194153)]
    [TestCase("unipc-2", 5, 0.772313415, -0.032208061, 0.393715074, 1.482185306)]
    [TestCase("unipc-2", 12, 0.821534272, -0.066827951, 0.403481461, 1.605383292)]
    [TestCase("unipc-3", 5, 0.778519216, -0.036572961, 0.394946427, 1.497718195)]
    [TestCase("unipc-3", 12, 0.812063138, -0.060166352, 0.401602202, 1.581677394)]
    [TestCase("euler", 50, 0.796660425, -0.046107767, 0.400063629, 1.540279418)]
    [TestCase("euler", 1000, 0.798885038, -0.050729914, 0.399066237, 1.548545290)]
    public void Solve_LinearVp_MatchesTheReference(
        string solver, int evaluations, double a, double b, double c, double d) =>
        AssertSolves(solver, new LinearVpSchedule(), evaluations, [a, b, c, d], 1e-7);

    /// <summary>The reference looks this grid up in a table of 10^7 times.</summary>
    [Test]
    public void Solve_LinearVpOnQuadraticTimes_MatchesTheReference() => AssertSolves(
        "dpm-solver-3-quadratic", new LinearVpSchedule(), 12,
        [0.791253494, -0.045529719, 0.397473158, 1.529591624], 1e-5);

    [TestCase("dpm-solver++-fast", 10, 0.720702437, -0.009666065, 0.376999613, 1.365145233)]
    [TestCase("dpm-solver++-fast", 11, 0.832603162, -0.091973861, 0.397508092, 1.648406418)]
    [TestCase("dpm-solver++-fast", 12, 0.728075816, -0.015089502, 0.378350960, 1.383809920)]
    [TestCase("dpm-solver++-fast", 20, 0.816559570, -0.080173109, 0.394567721, 1.607794286)]
    [TestCase("dpm-solver++-fast", 50, 0.798491615, -0.066883351, 0.391256337, 1.562057762)]
    [TestCase("dpm-solver++-fast-2", 11, 0.719049938, -0.008450581, 0.376696753, 1.360962161)]
    [TestCase("dpm-solver++-fast-taylor", 12, 0.732482811, -0.018331037, 0.379158647, 1.394965617)]
    [TestCase("dpm-solver++-2s", 12, 0.764960396, -0.042219697, 0.385110940, 1.477178126)]
    [TestCase("dpm-solver++-2m", 12, 0.887356476, -0.132247278, 0.407542945, 1.787006848)]
    [TestCase("dpm-solver++-2m-taylor", 12, 0.948494628, -0.177217018, 0.418747971, 1.941769610)]
    [TestCase("dpm-solver++-3m", 12, 0.865872849, -0.116445146, 0.403605557, 1.732624020)]
    [TestCase("unipc-2", 5, 0.750579798, -0.031642149, 0.382475352, 1.440775634)]
    [TestCase("unipc-2", 12, 0.796926032, -0.065731797, 0.390969406, 1.558094705)]
    [TestCase("unipc-3", 5, 0.754755750, -0.034713741, 0.383240695, 1.451346478)]
    [TestCase("unipc-3", 12, 0.795604670, -0.064759879, 0.390727235, 1.554749860)]
    [TestCase("ddim", 12, 0.705617392, 0.001429635, 0.374234918, 1.326959530)]
    [TestCase("dpm-solver-fast-uniform", 12, 0.740802468, -0.024450502, 0.380683423, 1.416025677)]
    [TestCase("dpm-solver-fast-uniform", 50, 0.812183297, -0.076954172, 0.393765665, 1.596716359)]
    [TestCase("dpm-solver-fast-uniform-taylor", 12, 0.734553632, -0.019854214, 0.379538175, 1.400207613)]
    [TestCase("dpm-solver-2m", 12, 0.848559786, -0.103710644, 0.400432525, 1.688798401)]
    [TestCase("dpm-solver-2m-taylor", 12, 0.804334566, -0.071181093, 0.392327197, 1.576848383)]
    [TestCase("dpm-solver-3m", 12, 0.823473469, -0.085258579, 0.395834858, 1.625295865)]
    public void Solve_Discrete_MatchesTheReference(
        string solver, int evaluations, double a, double b, double c, double d) =>
        AssertSolves(solver, new DiscreteSchedule(), evaluations, [a, b, c, d], 1e-7);

    [TestCase("dpm-solver-12", 68, 0.807236385, -0.056771415, 0.400644479, 1.569596209)]
    [TestCase("dpm-solver-23", 39, 0.806169617, -0.056021095, 0.400432811, 1.566926127)]
    public void Solve_Adaptive_MatchesTheReferenceWithItsEvaluations(
        string name, int evaluations, double a, double b, double c, double d)
    {
        var solver = SolverCatalog.Find(name);
        var runner = new DoubleStageRunner(new LinearVpSchedule(), solver, Start);
        solver.Solve(new LinearVpSchedule(), 50, runner);
        Assert.That(runner.Result, Is.EqualTo([a, b, c, d]).Within(1e-7));
        Assert.That(runner.Evaluations, Is.EqualTo(evaluations));
    }

    /// <summary>The loop of spec 5.8 with the updates of 5.5, in their own words.</summary>
    [TestCase("dpm-solver++-12", 2)]
    [TestCase("dpm-solver++-23", 3)]
    public void Solve_AdaptiveOfData_IsTheTranscription(string name, int order)
    {
        var schedule = new LinearVpSchedule();
        var solver = SolverCatalog.Find(name);
        var runner = new DoubleStageRunner(schedule, solver, Start);
        solver.Solve(schedule, 50, runner);
        var (expected, evaluations) = AdaptiveOfData.Solve(schedule, order, Start);
        Assert.That(runner.Result, Is.EqualTo(expected).Within(1e-9));
        Assert.That(runner.Evaluations, Is.EqualTo(evaluations));
        double[] exact = [.. Start.Select(x => DoubleStageRunner.Exact(schedule, schedule.Start, schedule.End, x))];
        Assert.That(runner.Result, Is.EqualTo(exact).Within(0.1));
    }

    [TestCase("dpm-solver-12")]
    [TestCase("dpm-solver-23")]
    [TestCase("dpm-solver++-12")]
    public void Solve_AdaptiveMeetingNaN_SaysSoInsteadOfRunningForever(string name)
    {
        var solver = SolverCatalog.Find(name);
        var runner = new DoubleStageRunner(new LinearVpSchedule(), solver, [double.NaN]);
        Assert.That(
            () => solver.Solve(new LinearVpSchedule(), 50, runner),
            Throws.InstanceOf<DptException>().With.Message.Contains("not finite"));
    }

    [Test]
    public void Solve_EdmHeun_MatchesTheReference()
    {
        var start = Array.ConvertAll(Start, x => 80 * x);
        var result = DoubleStageRunner.Solve("edm-heun", new EdmSchedule(), 35, start);
        Assert.That(result, Is.EqualTo([0.82564604, -0.07131584, 0.40354634, 1.61708300]).Within(1e-7));
        Assert.That(
            DoubleStageRunner.Exact(new EdmSchedule(), 80, 0, 80), Is.EqualTo(0.79811527).Within(1e-8));
    }

    /// <summary>z = c_in x goes EDM's way: with z_t = alpha_t x_t / sigma_data, x_t = x_s + (t - s) eps, on the same times.</summary>
    [Test]
    public void EdmHeun_OnTheInputOfEdm_StepsAsOnEdm()
    {
        var schedule = new EdmInputSchedule();
        var (stages, edm) = (EdmHeunSolver.Plan(schedule, 35).ToArray(), EdmHeunSolver.Plan(new EdmSchedule(), 35).ToArray());
        Assert.That(stages, Has.Length.EqualTo(edm.Length));
        foreach (var (stage, its) in stages.Zip(edm))
        {
            Assert.That(stage.Time, Is.EqualTo(its.Time).Within(1e-9).Percent);
            var alpha = stage.BaseWeight * schedule.Alpha(StepStart(stage, stages));
            Assert.That(stage.ModelWeight, Is.EqualTo(its.ModelWeight * alpha / 0.5).Within(1e-7).Percent);
            Assert.That(stage.PreviousWeight, Is.EqualTo(its.PreviousWeight * alpha / 0.5).Within(1e-7).Percent);
        }

        static double StepStart(SolverStage stage, SolverStage[] all) =>
            stage.Input == SolverState.Intermediate ? all[Array.IndexOf(all, stage) - 1].Time : stage.Time;
    }

    [Test]
    public void EdmHeun_Times_AreTheGoldenGrid() => Assert.That(
        EdmHeunSolver.Times(new EdmSchedule(), 18),
        Is.EqualTo(new[]
        {
            80, 57.5859847, 40.7855738, 28.3745846, 19.3524530, 12.9100824, 8.40093531, 5.31519452, 3.25682152,
            1.92333984, 1.08817064, 0.585348123, 0.296442284, 0.139516469, 0.0599473112, 0.0229345184, 0.00752801996,
            0.002, 0,
        }).Within(1e-6).Percent);

    /// <summary>
    /// The loops of k-diffusion in their own words, in the space of sigma with a denoiser D: spec 5.10. Ours, on any process, do what they do
    /// with x / alpha.
    /// </summary>
    [TestCase("dpm-2", 21)]
    [TestCase("dpm-2", 1)]
    [TestCase("edm-heun-churn", 35)]
    [TestCase("edm-heun-churn", 201)]
    [TestCase("edm-heun-churn", 1)]
    [TestCase("lms-3", 12)]
    [TestCase("lms-3", 2)]
    [TestCase("euler-ancestral", 12)]
    [TestCase("euler-ancestral", 1)]
    [TestCase("dpm-solver++-2m-sde", 12)]
    [TestCase("dpm-solver++-2m-sde", 2)]
    public void Solve_KDiffusion_IsTheTranscription(string name, int evaluations)
    {
        foreach (var schedule in new NoiseSchedule[] { new EdmSchedule(), new LinearVpSchedule() })
        {
            var solver = SolverCatalog.Find(name);
            double[] start = [.. Start.Select(x => schedule.StartDeviation * x)];
            var runner = new DoubleStageRunner(schedule, solver, start, noise: i => i - 1.5);
            solver.Solve(schedule, evaluations, runner);
            var times = EdmHeunSolver.Times(schedule, name is "dpm-2" or "edm-heun-churn" ? (evaluations + 1) / 2 : evaluations);
            double[] levels = [.. times.Select(t => schedule.Sigma(t) / schedule.Alpha(t))];
            for (var i = 0; i < start.Length; i++)
            {
                var expected = KDiffusion.Sample(name, start[i] / schedule.Alpha(schedule.Start), levels, noise: i - 1.5);
                Assert.That(runner.Result[i], Is.EqualTo(expected).Within(1e-9 * (1 + Math.Abs(expected))), $"{schedule}, sample {i}");
            }

            Assert.That(runner.Evaluations, Is.EqualTo(evaluations));
        }
    }

    [Test]
    public void DpmSolverFast_FiftyEvaluations_VisitsTheGoldenTimes()
    {
        var times = Stages("dpm-solver-fast", new LinearVpSchedule(), 50)
            .Where(s => s.Input == SolverState.Trajectory).Select(s => s.Time).ToArray();
        Assert.That(times, Has.Length.EqualTo(17));
        Assert.That(times[..4], Is.EqualTo([1.0, 0.93447861, 0.86404755, 0.78744427]).Within(5e-9));
        Assert.That(times[16], Is.EqualTo(0.00034687).Within(5e-9));
    }

    [TestCase(3, 10, new[] { 3, 3, 3, 1 })]
    [TestCase(3, 11, new[] { 3, 3, 3, 2 })]
    [TestCase(3, 12, new[] { 3, 3, 3, 2, 1 })]
    [TestCase(3, 3, new[] { 2, 1 })]
    [TestCase(3, 1, new[] { 1 })]
    [TestCase(2, 5, new[] { 2, 2, 1 })]
    public void Orders_OfAnyCount_UseAllEvaluations(int order, int evaluations, int[] expected) =>
        Assert.That(DpmSinglestep.Orders(order, evaluations), Is.EqualTo(expected));

    /// <summary>The error falls like h^k.</summary>
    /// <param name="solver">Its name.</param>
    /// <param name="perStep">Evaluations in a step.</param>
    /// <param name="extra">Evaluations more, so that no step of order 1 ends the way.</param>
    /// <param name="order">The order k; 2 for multistep solvers of order 3 and for UniPC, which have a step of order 1.</param>
    [TestCase("dpm-solver-1", 1, 0, 1)]
    [TestCase("dpm-solver-2", 2, 0, 2)]
    [TestCase("dpm-solver-3", 3, 0, 3)]
    [TestCase("dpm-solver++-2s", 2, 0, 2)]
    [TestCase("edm-heun", 2, 1, 2)]
    [TestCase("dpm-2", 2, 1, 2)]
    [TestCase("euler", 1, 0, 1)]
    [TestCase("ddim", 1, 0, 1)]
    [TestCase("dpm-solver++-2m", 1, 0, 2)]
    [TestCase("dpm-solver-2m", 1, 0, 2)]
    [TestCase("dpm-solver-2m-taylor", 1, 0, 2)]
    [TestCase("dpm-solver++-2m-taylor", 1, 0, 2)]
    [TestCase("dpm-solver++-3m", 1, 0, 2)]
    [TestCase("dpm-solver-3m", 1, 0, 2)]
    [TestCase("unipc-2", 1, 0, 2)]
    [TestCase("unipc-3", 1, 0, 2)]
    [TestCase("dpm-solver-fast", 3, 2, 3)]
    [TestCase("dpm-solver-fast-uniform", 3, 2, 3)]
    [TestCase("dpm-solver-fast-uniform-taylor", 3, 2, 3)]
    [TestCase("dpm-solver++-fast", 3, 2, 3)]
    [TestCase("dpm-solver++-fast-taylor", 3, 2, 3)]
    public void Solve_TwiceTheSteps_DividesTheErrorByTwoToTheOrder(string solver, int perStep, int extra, int order)
    {
        foreach (var (data, tolerance) in new[] { (GaussianMixture.Single, 0.1), (GaussianMixture.Two, 0.15) })
        {
            var (coarse, fine) = (
                GentleError(solver, (100 * perStep) + extra, data), GentleError(solver, (200 * perStep) + extra, data));
            Assert.That(Math.Log2(coarse / fine), Is.EqualTo(order).Within(tolerance), $"errors {coarse:g3} and {fine:g3}");
        }
    }

    /// <summary>Step k of n has the order min(order, n + 1 - k), if n is below 10 (spec 5.6).</summary>
    [TestCase("dpm-solver++-2m", 2)]
    [TestCase("dpm-solver++-3m", 3)]
    public void LowerFinal_OfFewSteps_LowersTheLastOnesAlone(string name, int order)
    {
        var schedule = new DiscreteSchedule();
        var usual = Enumerable.Range(1, 3).Select(k => DpmMultistep.Plan(schedule, Prediction.Data, k, taylor: false, 7).ToList()).ToList();
        var stages = Stages(name + "-lower", schedule, 7);
        for (var k = 1; k <= 7; k++)
        {
            var step = Math.Min(Math.Min(k, order), 7 + 1 - k);
            Assert.That(stages[k - 1], Is.EqualTo(usual[step - 1][k - 1] with { Keep = true }), $"step {k}");
        }

        Assert.That(Stages(name + "-lower", schedule, 10), Is.EqualTo(Stages(name, schedule, 10)));
    }

    /// <summary>
    /// The corrector adds an order to the predictor's; of order 3, not to that of the first step. What the network sees last does not
    /// know of the last step's order, which is 1.
    /// </summary>
    [TestCase(1, 2)]
    [TestCase(2, 3)]
    [TestCase(3, 3)]
    public void UniPc_TwiceTheSteps_DividesTheErrorOfWhatTheNetworkSeesLast(int order, int expected)
    {
        var schedule = new GentleSchedule();
        double Error(int evaluations)
        {
            var runner = new DoubleStageRunner(schedule, SolverCatalog.Find("unipc-2"), [1.0]);
            var stages = UniPc.Plan(schedule, order, TimeGrids.Uniform, evaluations).ToList();
            stages.SkipLast(1).ToList().ForEach(stage => runner.Run(in stage));
            var exact = DoubleStageRunner.Exact(schedule, schedule.Start, stages[^1].Time, 1.0);
            return Math.Abs(runner.State(SolverState.Intermediate)[0] - exact);
        }

        Assert.That(Math.Log2(Error(100) / Error(200)), Is.EqualTo(expected).Within(0.1));
    }

    /// <summary>Nothing is known at the start but the first model value, so that step is DDIM's, whatever the order.</summary>
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void UniPc_TheFirstPrediction_IsDdim(int order)
    {
        var schedule = new CosineSchedule();
        var runner = new DoubleStageRunner(schedule, SolverCatalog.Find("unipc-2"), Start);
        var stages = UniPc.Plan(schedule, order, TimeGrids.Uniform, 4).ToList();
        stages.Take(2).ToList().ForEach(stage => runner.Run(in stage));
        var ddim = new DoubleStageRunner(schedule, SolverCatalog.Find("ddim"), Start);
        ddim.Run(Stages("ddim", schedule, 4)[0]);
        Assert.That(runner.State(SolverState.Intermediate), Is.EqualTo(ddim.Result).Within(1e-12));
        Assert.That(runner.Evaluations, Is.EqualTo(1));
        Assert.That(
            DoubleStageRunner.Solve($"unipc-{Math.Max(order, 2)}", schedule, 1, Start),
            Is.EqualTo(DoubleStageRunner.Solve("ddim", schedule, 1, Start)).Within(1e-12));
    }

    [TestCaseSource(nameof(PlannedNames))]
    public void Solve_AnyCount_UsesNoMoreEvaluationsThanAsked(string name)
    {
        var solver = (PlannedSolver)SolverCatalog.Find(name);
        for (var evaluations = 3; evaluations <= 20; evaluations++)
        {
            var stages = solver.Plan(new CosineSchedule(), evaluations);
            Assert.That(stages.Count(stage => !stage.Reuse), Is.InRange(evaluations - 2, evaluations));
            Assert.That(stages[^1].Output, Is.EqualTo(SolverState.Trajectory));
            Assert.That(stages.Select(s => s.Time), Is.All.InRange(0, 1));
        }
    }

    [TestCaseSource(nameof(Names))]
    public void Solve_EveryPrediction_GivesTheSameResult(string name)
    {
        var solver = SolverCatalog.Find(name);
        var schedule = new CosineSchedule();
        double[] Result(Prediction network)
        {
            var runner = new DoubleStageRunner(schedule, solver, Start, network, noise: i => i - 1.5);
            solver.Solve(schedule, 12, runner);
            return runner.Result;
        }

        var expected = Result(Prediction.Noise);
        Assert.That(expected, Is.All.InRange(-5, 5));
        Assert.That(Result(Prediction.Velocity), Is.EqualTo(expected).Within(1e-9));
        Assert.That(Result(Prediction.Data), Is.EqualTo(expected).Within(1e-9));
    }

    /// <summary>For a Gaussian the SDE's result has the data's mean and deviation, up to the error of the steps.</summary>
    [TestCase("euler-maruyama", 200)]
    [TestCase("euler-ancestral", 500)]
    [TestCase("edm-heun-churn", 201)]
    [TestCase("dpm-solver++-2m-sde", 200)]
    public void Sde_ManySamples_HaveTheMomentsOfTheData(string name, int evaluations)
    {
        var random = new Random(1);
        double Normal() =>
            Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        var solver = SolverCatalog.Find(name);
        var start = Enumerable.Range(0, 20_000).Select(_ => Normal()).ToArray();
        var runner = new DoubleStageRunner(new LinearVpSchedule(), solver, start, noise: _ => Normal());
        solver.Solve(new LinearVpSchedule(), evaluations, runner);
        var mean = runner.Result.Average();
        var deviation = Math.Sqrt(runner.Result.Average(x => (x - mean) * (x - mean)));
        Assert.That(mean, Is.EqualTo(0.3).Within(0.015));
        Assert.That(deviation, Is.EqualTo(0.5).Within(0.015));
        Assert.That(runner.Evaluations, Is.EqualTo(evaluations));
    }

    [TestCase("euler-maruyama")]
    [TestCase("euler-ancestral")]
    [TestCase("dpm-solver++-2m-sde")]
    public void Sde_EveryStepButTheLast_AddsNoise(string name)
    {
        var stages = Stages(name, new CosineSchedule(), 5);
        Assert.That(stages.Take(4).Select(s => s.NoiseWeight), Is.All.GreaterThan(0));
        Assert.That(stages[4].NoiseWeight, Is.Zero, "noise in the result");
    }

    /// <summary>What the orders are measured against, where it is known otherwise too.</summary>
    [Test]
    public void Mixture_OfOnePart_IsCarriedAsInClosedForm()
    {
        foreach (var schedule in new NoiseSchedule[] { new GentleSchedule(), new LinearVpSchedule() })
        {
            var data = GaussianMixture.Single;
            var closed = data.Carry(schedule, schedule.Start, schedule.End, 1);
            Assert.That(data.Integrate(schedule, schedule.Start, schedule.End, 1), Is.EqualTo(closed).Within(1e-10), $"{schedule}");
        }
    }

    [Test]
    public void Find_UnknownName_ListsTheNames() => Assert.That(
        () => SolverCatalog.Find("dpm"),
        Throws.InstanceOf<DptException>().With.Message.Contains("dpm-solver-fast").And.Message.Contains("edm-heun"));

    [Test]
    public void Add_ANameThatIsTaken_IsRefused() => Assert.That(
        () => SolverCatalog.Add(new PlannedSolver("ddim", "another", Prediction.Noise, (_, _) => [])),
        Throws.ArgumentException.With.Message.Contains("'ddim'"));

    [Test]
    public void Plan_TooFewEvaluations_SaysSo() => Assert.That(
        () => Stages("dpm-solver-3", new LinearVpSchedule(), 2),
        Throws.InstanceOf<DptException>().With.Message.Contains("2 evaluations"));

    [Test]
    public void Catalog_Names_AreUnique() => Assert.That(Names, Is.Unique);

    private static IReadOnlyList<SolverStage> Stages(string solver, NoiseSchedule schedule, int evaluations) =>
        ((PlannedSolver)SolverCatalog.Find(solver)).Plan(schedule, evaluations);

    /// <summary>Error on the gentle process; on EDM's grid before the last step, whose length is not refined.</summary>
    private static double GentleError(string name, int evaluations, GaussianMixture data)
    {
        var schedule = new GentleSchedule();
        var runner = new DoubleStageRunner(schedule, SolverCatalog.Find(name), [1.0], data: data);
        var stages = Stages(name, schedule, evaluations);
        foreach (var stage in stages.Take(stages.Count - (name is "edm-heun" or "dpm-2" ? 1 : 0)))
        {
            runner.Run(in stage);
        }

        var end = name == "euler" ? 0 : schedule.End;
        return Math.Abs(runner.Result[0] - data.Carry(schedule, schedule.Start, end, 1.0));
    }

    private static void AssertSolves(
        string solver, NoiseSchedule schedule, int evaluations, double[] expected, double tolerance)
    {
        Assert.That(DoubleStageRunner.Solve(solver, schedule, evaluations, Start), Is.EqualTo(expected).Within(tolerance));
        Assert.That(Stages(solver, schedule, evaluations).Count(stage => !stage.Reuse), Is.EqualTo(evaluations));
    }
}
