using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Dpt.Tests;

/// <summary>The sampler on a device against the same solver in double precision, with a network that is exact.</summary>
public sealed class SamplerTests
{
    /// <summary>Samples of a batch, of one number each: as the double runner sees them.</summary>
    private const int Samples = 5;
    private static readonly CosineSchedule Schedule = new();

    private static IEnumerable<string> Names => SolverCatalog.Solvers.Select(s => s.Name);

    private static IEnumerable<string> NamesOnData =>
        SolverCatalog.Solvers.OfType<PlannedSolver>().Where(s => s.Model == Prediction.Data).Select(s => s.Name);

    private static IEnumerable<string> PlannedNames =>
        SolverCatalog.Solvers.OfType<PlannedSolver>().Select(s => s.Name);

    [TestCaseSource(nameof(PlannedNames))]
    public void Sample_WithGuidance_MatchesTheDoubleSolution(string name)
    {
        foreach (var (network, guidance) in new[]
        {
            (Prediction.Noise, 0.0), (Prediction.Noise, 0.4), (Prediction.Velocity, 0.4), (Prediction.Data, 0.7),
        })
        {
            using var device = new HostDevice(threads: 1);
            var solver = SolverCatalog.Find(name);
            var noise = new SamplingNoise(7, 3, 0);
            var start = Array.ConvertAll(Draw(device, 7, 3), x => (double)x);
            DoubleStageRunner? runner = null;
            var expected = runner = new DoubleStageRunner(
                Schedule, solver, start, network, guidance,
                i => Draw(device, 7, 3 + ((uint)runner!.Evaluations << 16))[i]);
            solver.Solve(Schedule, 12, runner);

            var (actual, evaluations) = Sample(device, name, network, guidance, Samples, noise);
            Assert.That(evaluations, Is.EqualTo(runner.Evaluations));
            Assert.That(
                Array.ConvertAll(actual, x => (double)x), Is.EqualTo(expected.Result).Within(2e-4),
                $"{network} with guidance {guidance}");
        }
    }

    /// <summary>Rounding decides the first step of these, so only their tolerance is sure.</summary>
    [TestCase("dpm-solver-12")]
    [TestCase("dpm-solver-23")]
    [TestCase("dpm-solver++-23")]
    public void Sample_Adaptive_EndsNearTheExactSolution(string name)
    {
        using var device = new HostDevice(threads: 1);
        var exact = Array.ConvertAll(
            Draw(device, 7, 3), x => DoubleStageRunner.Exact(Schedule, Schedule.Start, Schedule.End, x));
        var (actual, evaluations) = Sample(device, name, Prediction.Velocity, 0, Samples, new SamplingNoise(7, 3, 0));
        Assert.That(Array.ConvertAll(actual, x => (double)x), Is.EqualTo(exact).Within(0.02));
        Assert.That(evaluations, Is.InRange(15, 100));
    }

    [TestCase("dpm-solver-fast")]
    [TestCase("euler-maruyama")]
    [TestCase("unipc-2")]
    public void Sample_InOtherBatches_GivesTheSameBits(string name)
    {
        using var device = new HostDevice(threads: 1);
        float[] Batch(int samples, long first) =>
            Sample(device, name, Prediction.Velocity, 0.4, samples, new SamplingNoise(1, 2, first)).Values;
        Assert.That((float[])[.. Batch(1, 10), .. Batch(3, 11)], Is.EqualTo(Batch(4, 10)));
        Assert.That(Batch(1, 10), Is.Not.EqualTo(Batch(1, 11)));
    }

    [TestCaseSource(nameof(Names))]
    public void Sample_WhenDone_HoldsNoDeviceMemory(string name)
    {
        using var device = new HostDevice(threads: 1);
        Sample(device, name, Prediction.Data, 0.4, 2, default);
        Assert.That(device.Memory.LiveBlocks, Is.Zero);
    }

    [TestCase(0)]
    [TestCase(-1)]
    public void Sample_GuidanceNotAboveZero_NeverAsksWithoutTheCondition(double guidance)
    {
        using var device = new HostDevice(threads: 1);
        using var result = device.Allocate<float>(Samples);
        var model = new GaussianModel(device, Schedule, Prediction.Noise);
        new Sampler(device, Schedule, SolverCatalog.Find("dpm-solver-fast"), 10, new Guidance(guidance))
            .Sample(model, Samples, default, result.Slice);
        Assert.That((model.Calls, model.GuidedCalls), Is.EqualTo((10, 0)));
    }

    /// <summary>Outside of the interval the network is asked once, and what comes out is the condition's alone.</summary>
    [Test]
    public void Guidance_InAnInterval_AsksOutsideForTheConditionAlone()
    {
        using var device = new HostDevice(threads: 1);
        using var result = device.Allocate<float>(Samples);
        float[] Of(Guidance guidance, out GaussianModel model)
        {
            model = new GaussianModel(device, Schedule, Prediction.Noise);
            new Sampler(device, Schedule, SolverCatalog.Find("ddim"), 12, guidance).Sample(model, Samples, new SamplingNoise(7, 3, 0), result.Slice);
            return device.Download(result.Slice);
        }

        // The levels that DDIM visits, from noise to data.
        double[] levels = [.. TimeGrids.Uniform(Schedule, Schedule.Start, Schedule.End, 12).SkipLast(1).Select(t => Math.Exp(-Schedule.Lambda(t)))];
        var inside = Of(new Guidance(0.6, Above: levels[8], Below: levels[2]), out var model);
        Assert.That((model.Calls, model.GuidedCalls), Is.EqualTo((12, 6)));
        Assert.That(Of(new Guidance(0.6, 0, levels[11]), out model), Is.EqualTo(Of(Guidance.None, out _)));
        Assert.That(model.GuidedCalls, Is.Zero);
        Assert.That(Of(new Guidance(0.6, 0, 2 * levels[0]), out model), Is.EqualTo(Of(new Guidance(0.6), out _)));
        Assert.That(model.GuidedCalls, Is.EqualTo(12));
        Assert.That(inside, Is.Not.EqualTo(Of(Guidance.None, out _)).And.Not.EqualTo(Of(new Guidance(0.6), out _)));
    }

    [Test]
    public void Sample_OnTheEdmProcess_StartsFromItsNoise()
    {
        using var device = new HostDevice(threads: 1);
        using var result = device.Allocate<float>(Samples);
        var model = new GaussianModel(device, new EdmSchedule(), Prediction.Data);
        new Sampler(device, new EdmSchedule(), SolverCatalog.Find("edm-heun"), 35, Guidance.None)
            .Sample(model, Samples, new SamplingNoise(7, 3, 0), result.Slice);
        var start = Array.ConvertAll(Draw(device, 7, 3), x => 80.0 * x);
        Assert.That(
            Array.ConvertAll(device.Download(result.Slice), x => (double)x),
            Is.EqualTo(DoubleStageRunner.Solve("edm-heun", new EdmSchedule(), 35, start)).Within(1e-4));
    }

    /// <summary>
    /// Two samples of two numbers: the worse sample counts, and each number is measured by the larger of its lower and
    /// its previous value.
    /// </summary>
    [Test]
    public void Error_OfAnAttempt_IsThatOfTheWorstSample()
    {
        using var device = new HostDevice(threads: 1);
        using var trajectory = device.Allocate<float>(4);
        using var runner = new DeviceStageRunner(
            device, Schedule, Prediction.Noise, new GaussianModel(device, Schedule, Prediction.Noise), Guidance.None, threshold: null,
            samples: 2, default, trajectory.Slice);
        device.CopyIn<float>([1, 2, -10, 40], trajectory.Slice);
        // What was before the attempt is the trajectory itself: half of it as the lower result, 0.7 of it as the higher.
        SolverStage Times(double factor, SolverState output) =>
            new() { Time = 0.5, BaseWeight = factor, ModelWeight = 0, Output = output };
        runner.Run(Times(1, SolverState.Previous));
        runner.Run(Times(0.5, SolverState.Lower));
        runner.Run(Times(0.7, SolverState.Higher));
        double Part(double x) => 0.2 * Math.Abs(x) / Math.Max(1.5, 0.1 * Math.Abs(x));
        var expected = Math.Sqrt((Math.Pow(Part(10), 2) + Math.Pow(Part(40), 2)) / 2);
        Assert.That(runner.Error(absolute: 1.5, relative: 0.1), Is.EqualTo(expected).Within(1e-6));
    }

    /// <summary>Against the double solver with the papers' formula on its model values, which is sorted for.</summary>
    [TestCaseSource(nameof(NamesOnData))]
    public void Sample_WithAThreshold_MatchesTheDoubleSolution(string name)
    {
        const int Elements = 7;
        const double Quantile = 0.8, Scale = 3;
        using var device = new HostDevice(threads: 1);
        var solver = SolverCatalog.Find(name);
        double[] Doubles(uint stream) => Array.ConvertAll(Draw(device, 7, stream, Elements), x => (double)x);
        double[] Expected(Func<double[], double[]> threshold)
        {
            DoubleStageRunner? runner = null;
            runner = new DoubleStageRunner(
                Schedule, solver, Doubles(3), Prediction.Velocity, Scale, i => Doubles(3 + ((uint)runner!.Evaluations << 16))[i])
            {
                Threshold = threshold,
            };
            solver.Solve(Schedule, 12, runner);
            return runner.Result;
        }

        using var result = device.Allocate<float>(Samples * Elements);
        new Sampler(device, Schedule, solver, 12, new Guidance(Scale), Quantile)
            .Sample(new GaussianModel(device, Schedule, Prediction.Velocity), Samples, new SamplingNoise(7, 3, 0), result.Slice);
        var expected = Expected(values => [.. values.Chunk(Elements).SelectMany(sample => Thresholded(sample, Quantile))]);
        Assert.That(Array.ConvertAll(device.Download(result.Slice), x => (double)x), Is.EqualTo(expected).Within(2e-4));
        Assert.That(expected, Is.Not.EqualTo(Expected(values => values)).Within(0.05), "the threshold did something");
    }

    /// <summary>The model value itself, and the same again for a stage that asks for no evaluation; EDM's process has images twice as wide.</summary>
    [Test]
    public void Threshold_OfAnImage_IsAtTheRangeOfItsProcess()
    {
        float[] predicted = [0.5f, -0.25f, 6, -8, -0.5f, 0.5f, 0.75f, 1];
        Assert.That(ModelValues(Schedule), Is.EqualTo([0.0625, -0.03125, 0.75, -1, -0.5, 0.5, 0.75, 1]));
        Assert.That(ModelValues(new EdmInputSchedule()), Is.EqualTo([0.125, -0.0625, 1.5, -2, -0.5, 0.5, 0.75, 1]));

        float[] ModelValues(NoiseSchedule schedule)
        {
            using var device = new HostDevice(threads: 1);
            using var trajectory = device.Upload<float>(new float[predicted.Length]);
            var model = new FixedModel(device, predicted);
            using var runner = new DeviceStageRunner(
                device, schedule, Prediction.Data, model, Guidance.None, threshold: 1, samples: 2, default, trajectory.Slice);
            runner.Run(new() { Time = 0.5, BaseWeight = 0, ModelWeight = 1, Output = SolverState.Lower });
            runner.Run(new() { Time = 0.5, BaseWeight = 0, ModelWeight = 1, Reuse = true, Output = SolverState.Higher });
            runner.Run(new() { Time = 0.4, BaseWeight = 0, ModelWeight = 0, PreviousWeight = 1, Output = SolverState.Trajectory });
            runner.Accept();
            var values = device.Download(trajectory.Slice);
            Assert.That(model.Calls, Is.EqualTo(2));
            return values;
        }
    }

    [Test]
    public void Sample_WithAThreshold_GivesTheSameBitsInOtherBatches()
    {
        using var device = new HostDevice(threads: 1);
        float[] Batch(int samples, long first)
        {
            using var result = device.Allocate<float>(samples * 5);
            new Sampler(device, Schedule, SolverCatalog.Find("unipc-3"), 6, new Guidance(2), 0.7)
                .Sample(new GaussianModel(device, Schedule, Prediction.Noise), samples, new SamplingNoise(1, 2, first), result.Slice);
            return device.Download(result.Slice);
        }

        Assert.That((float[])[.. Batch(1, 10), .. Batch(3, 11)], Is.EqualTo(Batch(4, 10)));
    }

    [TestCase("ddim", 0.995, "generate.threshold 0.995 is a limit of predicted images, but solver 'ddim' works on noise; unipc-3, dpm-solver++-2m or ")]
    [TestCase("unipc-3", 0, "generate.threshold 0 is not in (0, 1]")]
    [TestCase("unipc-3", 1.5, "generate.threshold 1.5 is not in (0, 1]")]
    [TestCase("unipc-3", double.NaN, "generate.threshold NaN is not in (0, 1]")]
    public void Threshold_ThatMeansNothing_IsRefused(string solver, double threshold, string says)
    {
        using var device = new HostDevice(threads: 1);
        Assert.That(
            () => new Sampler(device, Schedule, SolverCatalog.Find(solver), 6, Guidance.None, threshold),
            Throws.TypeOf<DptException>().With.Message.StartsWith(says).And.Property("Kind").EqualTo(FailureKind.Usage));
    }

    [TestCase(Prediction.Noise, Prediction.Noise)]
    [TestCase(Prediction.Noise, Prediction.Data)]
    [TestCase(Prediction.Velocity, Prediction.Noise)]
    [TestCase(Prediction.Velocity, Prediction.Data)]
    [TestCase(Prediction.Data, Prediction.Noise)]
    [TestCase(Prediction.Data, Prediction.Data)]
    public void ModelWeights_AnyPrediction_ConvertAndGuide(Prediction given, Prediction wanted)
    {
        const double Time = 0.37;
        double Value(double guidance, Prediction prediction, double x)
        {
            var weights = ModelWeights.For(Schedule, Time, prediction, wanted, guidance);
            return (weights.State * x)
                + (weights.Conditional * DoubleStageRunner.Predict(Schedule, Time, x, prediction, conditional: true))
                + (weights.Unconditional * DoubleStageRunner.Predict(Schedule, Time, x, prediction, conditional: false));
        }

        var conditional = DoubleStageRunner.Predict(Schedule, Time, 0.8, wanted, conditional: true);
        var unconditional = DoubleStageRunner.Predict(Schedule, Time, 0.8, wanted, conditional: false);
        Assert.Multiple(() =>
        {
            Assert.That(Value(0, given, 0.8), Is.EqualTo(conditional).Within(1e-12));
            Assert.That(Value(-1, given, 0.8), Is.EqualTo(unconditional).Within(1e-12));
            Assert.That(
                Value(0.4, given, 0.8), Is.EqualTo(conditional + (0.4 * (conditional - unconditional))).Within(1e-12));
        });
    }

    private static (float[] Values, int Evaluations) Sample(
        HostDevice device, string name, Prediction network, double guidance, int samples, SamplingNoise noise)
    {
        using var result = device.Allocate<float>(samples);
        var evaluations = new Sampler(device, Schedule, SolverCatalog.Find(name), 12, new Guidance(guidance))
            .Sample(new GaussianModel(device, Schedule, network), samples, noise, result.Slice);
        return (device.Download(result.Slice), evaluations);
    }

    /// <summary>s = max(quantile of |x|, 1), x = clamp(x, -s, s) / s.</summary>
    private static IEnumerable<double> Thresholded(double[] sample, double quantile)
    {
        double[] sorted = [.. sample.Select(Math.Abs).Order()];
        var position = quantile * (sorted.Length - 1);
        var (below, above) = (sorted[(int)Math.Floor(position)], sorted[(int)Math.Ceiling(position)]);
        var limit = Math.Max(below + ((above - below) * (position - Math.Floor(position))), 1);
        return sample.Select(x => Math.Clamp(x, -limit, limit) / limit);
    }

    private static float[] Draw(HostDevice device, ulong seed, uint stream, int elements = 1)
    {
        using var buffer = device.Allocate<float>(Samples * elements);
        device.Run(RandomOperators.Fill, new RandomCall
        {
            Samples = Samples,
            Elements = elements,
            Distribution = RandomDistribution.Normal,
            Seed = seed,
            Stream = stream,
            FirstSample = 0,
            Output = buffer.Slice,
        });
        return device.Download(buffer.Slice);
    }

    /// <summary>Predicts one and the same image, whatever it is given.</summary>
    private sealed class FixedModel(HostDevice device, float[] data) : IDiffusionModel
    {
        public int Calls { get; private set; }

        public Prediction Prediction => Prediction.Data;

        public void Predict(Slice<float> state, double time, Slice<float> conditional, Slice<float> unconditional)
        {
            device.CopyIn<float>(data, conditional);
            Calls++;
        }
    }

    private sealed class GaussianModel(HostDevice device, NoiseSchedule schedule, Prediction prediction) : IDiffusionModel
    {
        public int Calls { get; private set; }

        public int GuidedCalls { get; private set; }

        public Prediction Prediction => prediction;

        public void Predict(Slice<float> state, double time, Slice<float> conditional, Slice<float> unconditional)
        {
            // The process's own time is the network's, scaled.
            var t = time / schedule.NetworkTime(1);
            float[] Values(bool withCondition) => Array.ConvertAll(
                device.Download(state),
                x => (float)DoubleStageRunner.Predict(schedule, t, x, prediction, withCondition));
            device.CopyIn<float>(Values(true), conditional);
            Calls++;
            if (!unconditional.IsEmpty)
            {
                device.CopyIn<float>(Values(false), unconditional);
                GuidedCalls++;
            }
        }
    }
}
