using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>A plan from data to estimate, with rates that are given: what it looks at, and what it must not look at.</summary>
public sealed class RunPlannerTests
{
    private static readonly StepRates Rates = new(0.01, 0.02, 0.001, 0.03, 0.004);
    private static readonly DatasetPair Digits = DatasetCatalog.Load(TinyOptions.Run.Data, TinyOptions.Run.Seed);

    [Test]
    public void Plan_OfOtherLabelsOfUnlabelledImages_AndOfAnotherTestSet_IsTheSame()
    {
        var split = LabelSplit.Draw(Digits.Train, perClass: 2, seed: 1);
        var labels = (int[])Digits.Train.Labels.Clone();
        var unlabelled = Enumerable.Range(0, labels.Length).Except(split.Indices).ToArray();
        foreach (var i in unlabelled)
        {
            labels[i] = (labels[i] + 1 + (i % 9)) % 10;
        }

        var inverted = Array.ConvertAll(Digits.Test.Pixels, pixel => (byte)(255 - pixel));
        var other = new DatasetPair(
            With(Digits.Train, Digits.Train.Pixels, labels), With(Digits.Test, inverted, [.. Digits.Test.Labels.Select(l => 9 - l)]));
        Assert.That(Settings(Plan(other, split)), Is.EqualTo(Settings(Plan(Digits, split))));
    }

    [Test]
    public void Plan_OfMoreTestImages_DiffersInCurvesAlone()
    {
        var split = LabelSplit.Draw(Digits.Train, perClass: 2, seed: 1);
        var more = Digits with { Test = Digits.Train };
        var (few, many) = (Settings(Plan(Digits, split)), Settings(Plan(more, split)));
        Assert.That(many.Except(few).Select(setting => setting.Key), Is.EqualTo(new[] { "run.evaluationPoints" }));
    }

    [Test]
    public void Plan_MeasuresAndEstimatesWhatTheUserAskedFor()
    {
        var split = LabelSplit.Draw(Digits.Train, perClass: 2, seed: 1);
        var options = TinyOptions.Run with { Stage3 = TinyOptions.Run.Stage3 with { ControlSteps = null, SelfTraining = false } };
        var measured = new List<DptOptions>();
        var plan = Plan(Digits, split, measured, options: options);

        // The completion below keeps every setting: the user has said everything.
        Assert.That(measured, Is.Not.Empty.And.All.EqualTo(options));
        Assert.That(plan.Stages.Select(stage => stage.Work), Is.EqualTo(new[]
        {
            "stage-1-classifier", "stage-2-diffusion", "stage-2-diffusion: draw", "stage-3-classifier", "stage-3-classifier-control",
            StageEstimate.Curves,
        }));
        double[] seconds =
        [
            (6 * 0.01) + (250 * 0.004),
            6 * 0.02,
            (40 * 4 * 0.001) + ((200 + 80) * 0.004),
            (6 * 0.03) + (50 * 0.004),
            (6 * 0.03) + (50 * 0.004),
            2 * ((3 * 50 * 0.004) + (2 * 256 * 0.001)),
        ];
        Assert.That(plan.Stages.Select(stage => stage.Seconds), Is.EqualTo(seconds).Within(1e-9));
        Assert.That(plan.Seconds, Is.EqualTo(seconds.Sum()).Within(1e-9));
        Assert.That(plan.Stages.Select(stage => stage.MemoryBytes), Has.All.GreaterThan(0));
    }

    [Test]
    public void Plan_OfLongerAndMoreControls_EstimatesThem()
    {
        var split = LabelSplit.Draw(Digits.Train, perClass: 2, seed: 1);
        var options = TinyOptions.Run with { Stage3 = TinyOptions.Run.Stage3 with { ControlSteps = 20, SelfTraining = true } };
        var stages = Plan(Digits, split, options: options).Stages;
        Assert.That(stages.Skip(3).Select(stage => stage.Work), Is.EqualTo(new[]
        {
            "stage-3-classifier", "stage-3-classifier-control", "stage-3-classifier-self-training", StageEstimate.Curves,
        }));
        Assert.That(
            stages.Skip(3).Select(stage => stage.Seconds),
            Is.EqualTo(new[] { (6 * 0.03) + 0.2, (20 * 0.03) + 0.2, (6 * 0.03) + 0.2, 2 * ((4 * 50 * 0.004) + (2 * 256 * 0.001)) }).Within(1e-9));
    }

    /// <summary>Later rounds label without training, and have no control of their own.</summary>
    [Test]
    public void Plan_OfTwoRounds_EstimatesBoth()
    {
        var split = LabelSplit.Draw(Digits.Train, perClass: 2, seed: 1);
        var stages = Plan(Digits, split, options: TinyOptions.Run with { Rounds = 2 }).Stages;
        var second = stages.Where(stage => stage.Work.StartsWith("round-2/", StringComparison.Ordinal)).ToList();
        var first = stages.Except(second).ToDictionary(stage => stage.Work);
        Assert.That(second.Select(stage => stage.Work), Is.EqualTo(new[]
        {
            "round-2/stage-1-classifier", "round-2/stage-2-diffusion", "round-2/stage-2-diffusion: draw", "round-2/stage-3-classifier",
            "round-2/stage-3-classifier-self-training",
        }));
        Assert.That(second[0].Seconds, Is.EqualTo(250 * 0.004).Within(1e-9));
        foreach (var stage in second.Skip(1))
        {
            Assert.That(stage.Seconds, Is.EqualTo(first[stage.Work["round-2/".Length..]].Seconds).Within(1e-9), stage.Work);
        }

        Assert.That(first[StageEstimate.Curves].Seconds, Is.EqualTo(2 * ((6 * 50 * 0.004) + (2 * 2 * 256 * 0.001))).Within(1e-9));
    }

    [Test]
    public void Plan_OfLargeImages_IsMeasuredAtTheSideItChooses()
    {
        var large = new DatasetPair(ImageResizer.Resize(Digits.Train, 80), ImageResizer.Resize(Digits.Test, 80));
        var split = LabelSplit.Draw(large.Train, perClass: 2, seed: 1);
        var sides = new List<int>();
        var plan = Plan(large, split, sides: sides);
        Assert.That(plan.Settings["data.imageSize"], Is.EqualTo(64));
        Assert.That(sides, Is.Not.Empty.And.All.EqualTo(64));
    }

    [Test]
    public void Rates_OfAMachine_AreTimes_AndLeaveNoMemory()
    {
        using var device = new HostDevice();
        var split = LabelSplit.Draw(Digits.Train, perClass: 2, seed: 1);
        var rates = RateMeter.Measure(TinyOptions.Run, Digits.Train, split, device, seconds: 0);
        double[] all = [rates.Stage1, rates.Generator, rates.Draw, rates.Stage3, rates.Classify];
        Assert.That(all, Has.All.InRange(1e-9, 60));
        Assert.That(rates.Draw, Is.LessThan(rates.Generator), "one image, forward alone");
        Assert.That(device.Memory.LiveBytes, Is.Zero);
    }

    [Test]
    public void Mirror_OfSymmetricImages_ChangesNothing_AndOfSlantedOnes_IsFar()
    {
        Assert.That(MirrorTest.Ratio(Images((x, _) => Math.Min(x, 15 - x))), Is.EqualTo(1).Within(1e-9));
        Assert.That(MirrorTest.Ratio(Images((x, y) => x > y ? 8 : 0)), Is.GreaterThan(1.5));
        Assert.That(MirrorTest.Ratio(Images((_, _) => 0, noise: false)), Is.EqualTo(1), "all images are the same");

        static ImageDataset Images(Func<int, int, int> shape, bool noise = true)
        {
            var pixels = new byte[64 * 256];
            for (var i = 0; i < pixels.Length; i++)
            {
                var (image, x, y) = (i / 256, i % 16, i / 16 % 16);
                pixels[i] = (byte)((10 * shape(x, y)) + (noise ? 2 * image : 0));
            }

            return new ImageDataset("shapes", ["a", "b"], 1, 16, pixels, new int[64]);
        }
    }

    private static RunPlan Plan(DatasetPair data, LabelSplit split, List<DptOptions>? measured = null, List<int>? sides = null, DptOptions? options = null)
    {
        using var device = new HostDevice();
        return RunPlanner.Plan(TinyOptions.Run, data, split, _ => options ?? TinyOptions.Run, new Budget(100, "100s"), device, (chosen, train) =>
        {
            measured?.Add(chosen);
            sides?.Add(train.ImageSize);
            return Rates;
        });
    }

    private static Dictionary<string, object> Settings(RunPlan plan) => new(plan.Settings);

    private static ImageDataset With(ImageDataset images, byte[] pixels, int[] labels) =>
        new(images.Name, images.ClassNames, images.Channels, images.ImageSize, pixels, labels);
}
