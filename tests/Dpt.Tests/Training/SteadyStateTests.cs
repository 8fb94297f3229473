using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// After the first step nothing is allocated any more, neither managed nor on the device, and what is replayed has the bits
/// of what runs anew.
/// </summary>
public sealed class SteadyStateTests
{
    private const int Steps = 5;

    private static readonly Dictionary<string, Func<int, TinyTraining>> _trainings = new()
    {
        ["classifier"] = threads => TinyTraining.Classifier(threads: threads),
        ["classifier, labels alone"] = threads => TinyTraining.Classifier(
            TinyOptions.Run.Stage1 with { UnlabelledBatch = 0, Optimizer = "sgd" }, threads),
        ["classifier, Muon"] = threads => TinyTraining.Classifier(TinyOptions.Run.Stage1 with { Optimizer = "muon" }, threads),
        ["classifier, batch norm"] = threads => TinyTraining.Classifier(threads: threads, network: TinyOptions.WideResNet),
        ["classifier, mixed images"] = threads => TinyTraining.Classifier(TinyOptions.Run.Stage1 with { Algorithm = "regmixmatch" }, threads),
        ["generator, U-Net"] = threads => TinyTraining.Generator(TinyOptions.SongUNet, threads),
        ["msn"] = threads => TinyTraining.Msn(threads),
        ["generator"] = threads => TinyTraining.Generator(threads: threads),
        ["generator, accumulation, recomputing"] = threads => TinyTraining.Generator(
            TinyOptions.Run.Diffusion with { Accumulation = 3, Recompute = true, Prediction = "noise" }, threads),
    };

    private static IEnumerable<string> Names => _trainings.Keys;

    [Test]
    public void Training_AfterItsFirstStep_AllocatesNothing(
        [ValueSource(nameof(Names))] string name, [Values(1, 2)] int threads)
    {
        using var training = _trainings[name](threads);
        RequireNoAllocation(training.Memory, training.Trainer.RunStep);
    }

    /// <summary>A trainer that was just restored captures its step, which runs it; a trainer that goes on replays it.</summary>
    [Test]
    public void Training_Replayed_HasTheBitsAndLossesOfStepsThatRunAnew([ValueSource(nameof(Names))] string name)
    {
        using var replaying = _trainings[name](2);
        var state = replaying.Run(0);
        for (var step = 0; step < Steps; step++)
        {
            using var anew = _trainings[name](2);
            anew.Trainer.Restore(state);
            var expected = anew.Run(1);
            state = replaying.Run(1);
            TinyTraining.RequireSame(state, expected);
            Assert.That(replaying.Trainer.TakeMetrics(), Is.EqualTo(anew.Trainer.TakeMetrics()));
        }
    }

    [Test]
    public void SamplingEvaluation_AfterTheFirst_AllocatesNothing(
        [Values("dpm-solver-fast", "euler-maruyama", "dpm-solver++-3m", "unipc-3", "unipc-2")] string solver, [Values(1, 2)] int threads)
    {
        const int Samples = 4;
        using var device = new HostDevice(threads, selection: new KernelSelection());
        using var generator = TinyGenerator(device);
        using var model = Model(generator);
        model.SetLabels(1, Samples);
        using var samples = device.Allocate<float>(Samples * generator.Form.Elements);
        device.Clear(samples.Slice);
        var planned = (PlannedSolver)SolverCatalog.Find(solver);
        double? threshold = solver == "unipc-2" ? 0.9 : null;
        using var runner = new DeviceStageRunner(
            device, generator.Schedule, planned.Model, model, new Guidance(0.5), threshold, Samples, default, samples.Slice);
        var stages = planned.Plan(generator.Schedule, 6);
        RequireNoAllocation(device.Memory, () =>
        {
            foreach (var stage in (SolverStage[])stages)
            {
                runner.Run(in stage);
            }
        });
    }

    [Test]
    public void AdaptiveSampling_AfterItsFirstAttempts_AllocatesNothing()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var generator = TinyGenerator(device);
        using var model = Model(generator);
        model.SetLabels(1, 2);
        using var samples = device.Allocate<float>(2 * generator.Form.Elements);
        device.Clear(samples.Slice);
        using var runner = new DeviceStageRunner(
            device, generator.Schedule, Prediction.Noise, model, new Guidance(0.5), threshold: null, 2, default, samples.Slice);
        var recorder = new MostPerCall(runner);
        SolverCatalog.Find("dpm-solver-23").Solve(generator.Schedule, 1, recorder);
        Assert.That(recorder.AllocatingAfterTheFirstAttempts, Is.Zero);
    }

    [Test]
    public void Sampling_WithAReplayedModel_HasTheBitsOfOneThatRunsAnew()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var generator = TinyGenerator(device);
        using var replaying = Model(generator);
        var elements = 3 * generator.Form.Elements;
        using var state = device.Allocate<float>(elements);
        using var conditional = device.Allocate<float>(elements);
        using var unconditional = device.Allocate<float>(elements);
        for (var label = 0; label < 3; label++)
        {
            device.CopyIn<float>([.. Enumerable.Range(0, elements).Select(i => MathF.Sin(i + label))], state.Slice);
            using var anew = Model(generator);
            var expected = Predict(anew, label);
            Assert.That(Predict(replaying, label), Is.EqualTo(expected));
            Assert.That(expected.Conditional, Is.Not.EqualTo(expected.Unconditional));
        }

        (float[] Conditional, float[] Unconditional) Predict(GeneratorModel model, int label)
        {
            model.SetLabels(label, 3);
            model.Predict(state.Slice, 100 * label, conditional.Slice, unconditional.Slice);
            return (device.Download(conditional.Slice), device.Download(unconditional.Slice));
        }
    }

    private static ImageGenerator TinyGenerator(Device device) =>
        new(device, TinyOptions.Run.Diffusion, new PixelSpace(TestImages.Noise(3, classes: 3, imageSize: 8).Form), seed: 5);

    private static GeneratorModel Model(ImageGenerator generator) =>
        new(generator.Store.Device, generator.Network, generator.Form, generator.Prediction);

    /// <summary>The first two rounds may allocate; the next ones must not.</summary>
    private static void RequireNoAllocation(DeviceMemory memory, Action round)
    {
        round();
        round();
        var (managed, system) = (GC.GetAllocatedBytesForCurrentThread(), memory.SystemAllocations);
        for (var i = 0; i < Steps; i++)
        {
            round();
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - managed, Is.Zero, "managed bytes");
        Assert.That(memory.SystemAllocations, Is.EqualTo(system), "blocks asked of the system");
    }

    /// <summary>Passes stages on and notes which calls allocated, beyond those that make the buffers.</summary>
    private sealed class MostPerCall(IStageRunner inner) : IStageRunner
    {
        private const int FirstCalls = 12;
        private int _calls;

        public int AllocatingAfterTheFirstAttempts { get; private set; }

        public void Run(in SolverStage stage)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            inner.Run(in stage);
            Note(before);
        }

        public double Error(double absolute, double relative)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var error = inner.Error(absolute, relative);
            Note(before);
            return error;
        }

        public void Accept()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            inner.Accept();
            Note(before);
        }

        private void Note(long before)
        {
            if (_calls++ >= FirstCalls && GC.GetAllocatedBytesForCurrentThread() != before)
            {
                AllocatingAfterTheFirstAttempts++;
            }
        }
    }
}
