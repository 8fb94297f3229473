using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Rates at the ends of their schedules, as the trainers use them, and what decays.</summary>
public sealed class ScheduleTests
{
    /// <summary>The first update has 1/warmUp of the peak, update warmUp all of it, the last one cos(7 pi (T-1) / (16 T)).</summary>
    [Test]
    public void Classifier_RatesAtTheEnds()
    {
        const int Steps = 10;
        const int WarmUp = 4;
        var rates = Rates(TinyTraining.Classifier(
            TinyOptions.Run.Stage1 with { Steps = Steps, WarmUp = WarmUp, LearningRate = 0.02 }), Steps);
        Assert.That(rates[0], Is.EqualTo(0.02 / 4).Within(1e-12));
        Assert.That(rates[2], Is.EqualTo(0.02 * 3 / 4 * Math.Cos(7 * Math.PI * 2 / 160)).Within(1e-12));
        Assert.That(rates[3], Is.EqualTo(0.02 * Math.Cos(7 * Math.PI * 3 / 160)).Within(1e-12));
        Assert.That(rates[9], Is.EqualTo(0.02 * Math.Cos(7 * Math.PI * 9 / 160)).Within(1e-12));
        Assert.That(rates.Skip(3), Is.Ordered.Descending);
    }

    /// <summary>The official recipe: 0 in the first update, the peak from update warmUp (counted from 0) to the end.</summary>
    [Test]
    public void Generator_RatesAtTheEnds()
    {
        var rates = Rates(TinyTraining.Generator(
            TinyOptions.Run.Diffusion with { Steps = 7, WarmUp = 4, LearningRate = 0.02 }), 7);
        Assert.That(rates, Is.EqualTo(new[] { 0, 0.005, 0.01, 0.015, 0.02, 0.02, 0.02 }).Within(1e-12));
    }

    [Test]
    public void Trainings_WithoutWarmUp_StartAtThePeak()
    {
        Assert.That(Rates(TinyTraining.Classifier(TinyOptions.Run.Stage1 with { WarmUp = 0 }), 1), Is.EqualTo(new[] { 0.003 }));
        Assert.That(Rates(TinyTraining.Generator(TinyOptions.Run.Diffusion with { WarmUp = 0 }), 1), Is.EqualTo(new[] { 0.003 }));
    }

    /// <summary>A line of the log is the mean over the steps since the last one.</summary>
    [Test]
    public void Metrics_OfSeveralSteps_AreTheirMeans()
    {
        using var each = TinyTraining.Classifier();
        using var together = TinyTraining.Classifier();
        for (var line = 0; line < 2; line++)
        {
            var steps = Enumerable.Range(0, 3).Select(_ =>
            {
                each.Trainer.RunStep();
                return each.Trainer.TakeMetrics();
            }).ToArray();
            together.Run(3);
            foreach (var (name, value) in together.Trainer.TakeMetrics())
            {
                Assert.That(
                    value, Is.EqualTo(steps.Average(metrics => metrics.Single(m => m.Name == name).Value)).Within(1e-12), name);
            }
        }
    }

    /// <summary>Matrices decay; norms, biases, the class token and the positions do not.</summary>
    [Test]
    public void Classifier_DecaysItsMatricesAlone()
    {
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        _ = new VisionTransformer(store, TinyOptions.Run.Classifier, new ImageForm(1, 8, 3));
        Assert.That(store.Parameters.Where(p => p.Decays).Select(p => p.Name), Is.EquivalentTo(new[]
        {
            "patch_embed.proj.weight", "blocks.0.attn.qkv.weight", "blocks.0.attn.proj.weight",
            "blocks.0.mlp.fc1.weight", "blocks.0.mlp.fc2.weight", "fc.weight",
        }));
    }

    /// <summary>Where the gradient is 0, AdamW multiplies what decays by 1 - rate decay and leaves the rest alone.</summary>
    [Test]
    public void AdamW_WithoutAGradient_DecaysByGroups([Values] bool everything)
    {
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        _ = new VisionTransformer(store, TinyOptions.Run.Classifier, new ImageForm(1, 8, 3));
        store.Initialize(3);
        var before = store.Export(store.Values);
        using var optimizer = new AdamW(store, new AdamWConfig(0.9f, 0.99f, WeightDecay: 0.25f, everything));
        optimizer.Step(learningRate: 0.5f);
        foreach (var (name, (_, values)) in store.Export(store.Values))
        {
            var factor = everything || Transcript.DecaysInAClassifier(name) ? 1 - (0.5 * 0.25) : 1;
            Assert.That(
                Transcript.ToDouble(values),
                Is.EqualTo(before[name].Values.Select(v => factor * v)).Within(1e-6), name);
        }
    }

    /// <summary>Points divide the training evenly and end with it.</summary>
    [TestCase(6, 2, new long[] { 3, 6 })]
    [TestCase(6, 4, new long[] { 2, 3, 5, 6 })]
    [TestCase(6, 100, new long[] { 1, 2, 3, 4, 5, 6 })]
    [TestCase(6, 0, new long[] { 6 })]
    public void Evaluations_AreAtTheirPoints(int steps, int points, long[] expected)
    {
        using var folder = new TemporaryFolder();
        var options = TinyOptions.Run with
        {
            Stage1 = TinyOptions.Run.Stage1 with { Steps = steps },
            Run = TinyOptions.Run.Run with { EvaluationPoints = points },
        };
        TinyRun.With(folder["run"], options, new SilentObserver(), pipeline => pipeline.TrainClassifier(default));
        Assert.That(
            MetricsReader.Read(Path.Combine(folder["run"], "metrics.jsonl"))
                .Where(line => line.Values.ContainsKey("test/top1")).Select(line => line.Step),
            Is.EqualTo(expected));
    }

    private static double[] Rates(TinyTraining training, int steps)
    {
        using (training)
        {
            return [.. Enumerable.Range(0, steps).Select(_ =>
            {
                training.Trainer.RunStep();
                return training.Trainer.TakeMetrics().Single(metric => metric.Name == "train/learningRate").Value;
            })];
        }
    }
}
