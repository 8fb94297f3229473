using System.Text.Json;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Perf;

/// <summary>What a run repeats, at the default sizes: a step of each training and an evaluation of the sampler.</summary>
public class StepBenchmarks
{
    private const ulong Seed = 1;

    private readonly Stack<IDisposable> _owned = [];
    private DiffusionTrainer _diffusion = null!;
    private SemiSupervisedTrainer _classifier = null!;
    private DeviceStageRunner _sampling = null!;
    private SolverStage _stage;

    /// <summary>Measures; false if a step allocates.</summary>
    public static bool Run()
    {
        var config = new ManualConfig()
            .AddJob(Job.ShortRun.WithToolchain(InProcessNoEmitToolchain.Instance))
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddLogger(ConsoleLogger.Default)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "dpt-benchmarks"));
        var summary = BenchmarkRunner.Run<StepBenchmarks>(config);
        return summary.Reports.All(r => r.Success && r.GcStats.GetBytesAllocatedPerOperation(r.BenchmarkCase) == 0);
    }

    [GlobalSetup]
    public void Open()
    {
        var options = Defaults();
        var data = DatasetCatalog.Load(options.Data, options.Seed).Train;
        var device = Own(new HostDevice(selection: new KernelSelection()));
        var generator = Own(new ImageGenerator(device, options.Diffusion, new PixelSpace(data.Form), Seed));
        _diffusion = Own(new DiffusionTrainer(generator, options.Diffusion, new PixelExamples(data), data.Labels, Seed));
        var classifier = Own(new ImageClassifier(device, options.Classifier, data, NormalisationStatistics.Of(data), Seed));
        var labelled = data.Select(LabelSplit.Create(data, options.Data, options.Seed).Indices);
        _classifier = Own(new SemiSupervisedTrainer(classifier, options.Stage1, LabelledImages.Of(labelled), data, Seed));
        OpenSampling(generator, options.Generate);
    }

    [GlobalCleanup]
    public void Close()
    {
        while (_owned.TryPop(out var owned))
        {
            owned.Dispose();
        }
    }

    [Benchmark(Description = "diffusion training step")]
    public void DiffusionStep() => _diffusion.RunStep();

    [Benchmark(Description = "classifier training step")]
    public void ClassifierStep() => _classifier.RunStep();

    [Benchmark(Description = "sampling evaluation, guided")]
    public void SamplingEvaluation() => _sampling.Run(in _stage);

    /// <summary>The first stage of the solver: it leaves the trajectory as it is and can run again and again.</summary>
    private void OpenSampling(ImageGenerator generator, GenerateOptions options)
    {
        var device = generator.Store.Device;
        var model = Own(new GeneratorModel(device, generator.Network, generator.Form, generator.Prediction));
        model.SetLabels(0, options.Batch);
        var images = Own(device.Allocate<float>((long)options.Batch * generator.Form.Elements));
        var solver = (PlannedSolver)SolverCatalog.Find(options.Solver);
        _sampling = Own(new DeviceStageRunner(
            device, generator.Schedule, solver.Model, model, new Guidance(options.Guidance), options.Threshold, options.Batch, default,
            images.Slice));
        _stage = solver.Plan(generator.Schedule, options.Evaluations)[0];
    }

    private T Own<T>(T owned) where T : IDisposable
    {
        _owned.Push(owned);
        return owned;
    }

    private static DptOptions Defaults()
    {
        using var json = typeof(StepBenchmarks).Assembly.GetManifestResourceStream("defaults.json")!;
        return JsonSerializer.Deserialize<DptOptions>(json, new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            ReadCommentHandling = JsonCommentHandling.Skip,
        })!;
    }
}
