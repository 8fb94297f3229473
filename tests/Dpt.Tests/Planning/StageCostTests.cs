using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>What a run is said to take, counted without computing, against what its steps take.</summary>
public sealed class StageCostTests
{
    private static readonly DatasetPair Digits = DatasetCatalog.Load(TinyOptions.Run.Data, TinyOptions.Run.Seed);

    /// <summary>A step of each kind on the host, with a profile of its calls: muon and adamw, transformers and convolutions.</summary>
    [TestCase("vit", "muon", "freematch")]
    [TestCase("wrn", "adamw", "regmixmatch")]
    public void Rates_AreWhatStepsTake(string network, string optimizer, string algorithm)
    {
        var options = TinyOptions.Run with
        {
            Classifier = network == "wrn" ? TinyOptions.WideResNet : TinyOptions.Run.Classifier,
            Stage1 = TinyOptions.Run.Stage1 with { Optimizer = optimizer, Algorithm = algorithm },
            Diffusion = TinyOptions.Run.Diffusion with { Optimizer = optimizer },
        };
        var split = LabelSplit.Draw(Digits.Train, perClass: 2, seed: 1);
        using var device = new HostDevice(threads: 2);
        var plan = DptPlan.Of(options, Digits, split, device);
        using var counting = new CountingDevice(device);
        var counted = RateMeter.Count(plan, counting, () => counting.Operations);

        using var classifier = new ImageClassifier(device, options.Classifier, Digits.Train, NormalisationStatistics.Of(Digits.Train), 0);
        using var generator = new ImageGenerator(device, options.Diffusion, new PixelSpace(Digits.Train.Form), 0);
        using (var trainer = new SemiSupervisedTrainer(classifier, options.Stage1, LabelledImages.Of(Digits.Train.Select(split.Indices)), Digits.Train, 0))
        {
            Assert.That(counted.Stage1, Is.EqualTo(OperationsOf(trainer)).Within(1e-9).Percent, "stage 1");
        }

        using (var trainer = new DiffusionTrainer(generator, options.Diffusion, new PixelExamples(Digits.Train), new int[Digits.Train.Count], 0))
        {
            Assert.That(counted.Generator, Is.EqualTo(OperationsOf(trainer)).Within(0.1).Percent, "the generator, but for drawing its images");
        }

        var images = Digits.Train.Select([.. Enumerable.Range(0, 100)]);
        Assert.That(counted.Classify, Is.EqualTo(Profiled(() => classifier.Probabilities(images)) / 100).Within(1).Percent, "an image classified");

        double OperationsOf(ITrainer trainer) => Profiled(() =>
        {
            trainer.RunStep();
            trainer.TakeMetrics();
        });

        double Profiled(Action step)
        {
            var profile = device.Profile = new OperatorProfile();
            step();
            device.Profile = null;
            return profile.Rows.Sum(row => row.Flops);
        }
    }

    /// <summary>Guided evaluations cost two of the network, whichever they are.</summary>
    [Test]
    public void Drawing_CountsWhatIsGuided()
    {
        using var device = new HostDevice(threads: 1);
        using var counting = new CountingDevice(device);
        var (all, none, some) = (Draw(1, null), Draw(0, null), Draw(1, 1));
        var schedule = VariancePreservingSchedule.Find(TinyOptions.Run.Diffusion.Schedule);
        var stages = ((PlannedSolver)SolverCatalog.Find("dpm-solver++-2m")).Plan(schedule, 40);
        var guided = stages.Count(stage => new Guidance(1, 0, 1).At(schedule, stage.Time) > 0);
        Assert.That((stages.Count, guided), Is.EqualTo((40, guided)).And.Not.EqualTo((40, 20)), "a share that fewer evaluations do not have");
        Assert.That(all, Is.EqualTo(2 * none).Within(2).Percent);
        Assert.That(some, Is.EqualTo(none * (1 + (guided / 40.0))).Within(1).Percent);

        double Draw(double guidance, double? below)
        {
            var generate = TinyOptions.Run.Generate with { Guidance = guidance, GuidedBelow = below, Evaluations = 40, Solver = "dpm-solver++-2m" };
            var plan = DptPlan.Of(TinyOptions.Run with { Generate = generate }, Digits, LabelSplit.Draw(Digits.Train, perClass: 2, seed: 1), device);
            return RateMeter.Count(plan, counting, () => counting.Operations).Draw;
        }
    }

    /// <summary>Half a billion parameters, which nobody allocates; and a simulator has no time.</summary>
    [Test]
    public void Costs_OfAHugeGenerator_AreCountedInLittleMemory()
    {
        var options = TinyOptions.Run with
        {
            Diffusion = TinyOptions.Run.Diffusion with { Width = 1152, Depth = 28, Heads = 16, Optimizer = "adamw", Steps = 10 },
        };
        using var device = new SimDevice(threads: 1);
        var plan = DptPlan.Of(options, Digits, LabelSplit.Draw(Digits.Train, perClass: 2, seed: 1), device);
        var before = device.Memory.PeakBytes;
        var costs = StageCost.Of(plan, device);
        Assert.That(device.Memory.PeakBytes, Is.EqualTo(before));
        Assert.That(costs.Select(cost => cost.Work), Does.Contain("stage-2-diffusion").And.Contain("stage-2-diffusion: draw"));
        Assert.That(costs.Select(cost => cost.Seconds), Is.All.Null);

        // A weight takes part in two operations forward and four backward, of every token.
        var update = costs.Single(cost => cost.Work == "stage-2-diffusion").Operations / 10;
        var weights = 6.0 * plan.GeneratorParameters * plan.GeneratorTokens * options.Diffusion.Batch;
        Assert.That(update, Is.InRange(weights, 1.2 * weights));
    }
}
