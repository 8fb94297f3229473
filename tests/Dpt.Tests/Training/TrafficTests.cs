using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// What passes between host and device in a step: which images it draws goes in, and nothing comes back. A GPU waits at every
/// copy to the host, and stages every copy from it.
/// </summary>
public sealed class TrafficTests
{
    private const int Steps = 10;

    private static readonly Dictionary<string, (Func<TinyTraining> Make, long CopiesIn)> _trainings = new()
    {
        ["classifier"] = (() => TinyTraining.Classifier(), 1),
        ["classifier, fixed threshold"] = (
            () => TinyTraining.Classifier(TinyOptions.Run.Stage1 with { Algorithm = "fixmatch", Threshold = 0.4 }), 1),
        ["classifier, labels alone"] = (() => TinyTraining.Classifier(TinyOptions.Run.Stage1 with { UnlabelledBatch = 0 }), 1),
        ["generator"] = (() => TinyTraining.Generator(), 2),
        ["generator, three micro-batches"] = (() => TinyTraining.Generator(TinyOptions.Run.Diffusion with { Accumulation = 3 }), 6),
    };

    private static IEnumerable<string> Trainings => _trainings.Keys;

    [TestCaseSource(nameof(Trainings))]
    public void TrainingStep_IsToldItsBatchAndSaysNothing(string name)
    {
        var (make, copiesIn) = _trainings[name];
        using var training = make();
        training.Trainer.RunStep();
        var spent = Of(training.Device, () =>
        {
            for (var step = 0; step < Steps; step++)
            {
                training.Trainer.RunStep();
            }
        });
        TestContext.Out.WriteLine($"{name}: {spent.Launches / Steps} launches");
        Assert.That((spent.In, spent.Out), Is.EqualTo((Steps * copiesIn, 0L)));
    }

    /// <summary>All that ten steps left comes in one copy.</summary>
    [TestCaseSource(nameof(Trainings))]
    public void Metrics_OfManySteps_AreOneCopy(string name)
    {
        using var training = _trainings[name].Make();
        for (var step = 0; step < Steps; step++)
        {
            training.Trainer.RunStep();
        }

        Assert.That(Of(training.Device, () => training.Trainer.TakeMetrics()).Out, Is.EqualTo(1));
        Assert.That(Of(training.Device, () => training.Trainer.TakeMetrics()).Out, Is.Zero, "there is nothing new");
    }

    [TestCase("dpm-solver++-2m", 0.0)]
    [TestCase("dpm-solver++-2m", 0.5)]
    [TestCase("euler-maruyama", 0.5)]
    public void SamplingEvaluation_StaysOnTheDevice(string solver, double guidance)
    {
        const int Samples = 3;
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var generator = new ImageGenerator(
            device, TinyOptions.Run.Diffusion, new PixelSpace(TestImages.Noise(3, classes: 3, imageSize: 8).Form), seed: 5);
        using var model = new GeneratorModel(device, generator.Network, generator.Form, generator.Prediction);
        using var samples = device.Allocate<float>(Samples * generator.Form.Elements);
        var sampler = new Sampler(device, generator.Schedule, SolverCatalog.Find(solver), evaluations: 6, new Guidance(guidance));
        model.SetLabels(0, Samples);
        sampler.Sample(model, Samples, default, samples.Slice);
        var spent = Of(device, () =>
        {
            model.SetLabels(1, Samples);
            sampler.Sample(model, Samples, default, samples.Slice);
        });
        TestContext.Out.WriteLine($"{solver}, guidance {guidance}: {spent.Launches / 6} launches");
        Assert.That((spent.In, spent.Out), Is.EqualTo((1L, 0L)), "the labels of the batch, once");
    }

    private static (long In, long Out, long Launches) Of(Device device, Action work)
    {
        var traffic = device.Traffic;
        var before = (traffic.CopiesIn, traffic.CopiesOut, traffic.Launches);
        work();
        return (traffic.CopiesIn - before.CopiesIn, traffic.CopiesOut - before.CopiesOut, traffic.Launches - before.Launches);
    }
}
