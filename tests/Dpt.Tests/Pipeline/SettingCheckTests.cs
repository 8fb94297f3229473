using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Everything that can be known before work is refused before work, in words that say what to do.</summary>
public sealed class SettingCheckTests
{
    private static readonly DptOptions _options = TinyOptions.Run;

    private static readonly Dictionary<string, (DptOptions Options, string Says)> _wrong = new()
    {
        ["classifier heads"] = (
            _options with { Classifier = _options.Classifier with { Heads = 3 } },
            "classifier.heads 3 does not divide classifier.width 16"),
        ["classifier width"] = (
            _options with { Classifier = _options.Classifier with { Width = 1, Heads = 1 } },
            "classifier.width 1 is too small, it must be at least 2"),
        ["classifier head size"] = (
            _options with { Classifier = _options.Classifier with { Width = 514, Heads = 2 } },
            "classifier.width 514 in classifier.heads 2 gives heads of 257, the limit is 256"),
        ["classifier patch"] = (
            _options with { Classifier = _options.Classifier with { PatchSize = 3 } },
            "classifier.patchSize 3 does not divide the image size 16"),
        ["diffusion heads"] = (
            _options with { Diffusion = _options.Diffusion with { Heads = 5 } },
            "diffusion.heads 5 does not divide diffusion.width 16"),
        ["diffusion head size"] = (
            _options with { Diffusion = _options.Diffusion with { Width = 300, Heads = 1 } },
            "gives heads of 300, the limit is 256; use more heads"),
        ["diffusion patch"] = (
            _options with { Diffusion = _options.Diffusion with { PatchSize = 5 } },
            "diffusion.patchSize 5 does not divide the image size 16"),
        ["diffusion depth"] = (
            _options with { Diffusion = _options.Diffusion with { Depth = 3 } }, "diffusion.depth 3 is not even"),
        ["MLP"] = (
            _options with { Diffusion = _options.Diffusion with { MlpRatio = 0 } }, "U-ViT: an MLP of 0 times the width"),
        ["accumulation"] = (
            _options with { Diffusion = _options.Diffusion with { Accumulation = 5 } },
            "diffusion.accumulation 5 does not divide diffusion.batch 12"),
        ["accumulation above batch"] = (
            _options with { Diffusion = _options.Diffusion with { Accumulation = 24 } },
            "diffusion.accumulation 24 does not divide diffusion.batch 12"),
        ["crop padding"] = (
            _options with { Stage3 = _options.Stage3 with { CropPadding = 16 } },
            "stage3.cropPadding 16 must be below the image size 16"),
        ["control"] = (
            _options with { Stage3 = _options.Stage3 with { Steps = 9, ControlSteps = 8 } },
            "stage3.controlSteps 8 must be at least stage3.steps 9"),
        ["guidance in an empty interval"] = (
            _options with { Generate = _options.Generate with { GuidedAbove = 1.5, GuidedBelow = 1.5 } },
            "generate.guidedBelow 1.5 must be above generate.guidedAbove 1.5"),
        ["threshold of noise"] = (
            _options with { Generate = _options.Generate with { Threshold = 0.995 } },
            "generate.threshold 0.995 is a limit of predicted images, but solver 'dpm-solver-fast' works on noise; "
            + "unipc-3, dpm-solver++-2m or dpm-solver++-fast work on images"),
        ["threshold of nothing"] = (
            _options with { Generate = _options.Generate with { Solver = "unipc-3", Threshold = 0 } }, "generate.threshold 0 is not in (0, 1]"),
        ["image size"] = (
            _options with { Data = _options.Data with { ImageSize = 260 } },
            "images of 260 pixels are too large, the limit is 256"),
        ["evaluations of order 3"] = (
            _options with { Generate = _options.Generate with { Solver = "dpm-solver-3", Evaluations = 2 } },
            "solver 'dpm-solver-3' cannot work with 2 evaluations"),
        ["solver"] = (
            _options with { Generate = _options.Generate with { Solver = "magic" } }, "unknown solver 'magic'"),
        ["pseudo-images"] = (
            _options with { Generate = _options.Generate with { PerClass = 100_000_000 } },
            "cannot be as planned: ImageShardPlan { Classes = 10, PerClass = 100000000"),
        ["rows"] = (
            _options with { Stage1 = _options.Stage1 with { LabelledBatch = 40_000_000 } },
            "stage1.labelledBatch and stage1.unlabelledBatch: 40000014 images"),
        ["labels"] = (
            _options with { Data = _options.Data with { LabelsPerClass = 21 } }, "21 labels per class asked for"),
    };

    private static IEnumerable<string> Wrong => _wrong.Keys;

    [TestCaseSource(nameof(Wrong))]
    public void Settings_ThatCannotWork_AreRefused(string name)
    {
        using var device = new HostDevice(threads: 1);
        var (options, says) = _wrong[name];
        TestImages.Fails(FailureKind.Usage, () => DptPlan.Of(options, device), says);
        Assert.That(device.Memory.SystemAllocations, Is.Zero, "nothing was allocated for it");
    }

    /// <summary>A control has at least the training of stage 1 and of stage 3.</summary>
    [TestCase(10, 6, null, 10)]
    [TestCase(6, 10, null, 10)]
    [TestCase(10, 6, 20, 20)]
    [TestCase(20, 6, 10, 10)]
    public void Control_HasTheMostUpdatesUnlessToldOtherwise(int one, int three, int? control, int expected) => Assert.That(
        (_options with
        {
            Stage1 = _options.Stage1 with { Steps = one },
            Stage3 = _options.Stage3 with { Steps = three, ControlSteps = control },
        }).ControlSteps,
        Is.EqualTo(expected));

    [TestCase("vp", "dpm-solver++-fast", "diffusion.schedule vp it is dpm-solver-fast")]
    [TestCase("discrete", "dpm-solver-fast", "diffusion.schedule discrete it is dpm-solver++-fast")]
    [TestCase("vp", "dpm-solver-fast", null)]
    [TestCase("discrete", "dpm-solver++-fast", null)]
    [TestCase("discrete", "unipc-3", null)]
    [TestCase("cosine", "dpm-solver-fast", null)]
    public void OfficialSolver_OnTheOtherProcess_IsDoubted(string schedule, string solver, string? says)
    {
        using var device = new HostDevice(threads: 1);
        var options = _options with
        {
            Diffusion = _options.Diffusion with { Schedule = schedule },
            Generate = _options.Generate with { Solver = solver, Evaluations = 6 },
        };
        var doubts = DptPlan.Of(options, device).Warnings.Where(warning => warning.StartsWith("generate.solver", StringComparison.Ordinal));
        Assert.That(doubts, says is null ? Is.Empty : Has.One.Contains(says));
    }

    /// <summary>
    /// Every solver with every small number of evaluations: what the plan accepts draws, what it refuses would not.
    /// </summary>
    [Test]
    public void Evaluations_Accepted_AreThoseThatDraw()
    {
        using var device = new HostDevice(threads: 1);
        var schedule = VariancePreservingSchedule.Find(_options.Diffusion.Schedule);
        var refused = 0;
        foreach (var solver in SolverCatalog.Solvers.OfType<PlannedSolver>())
        {
            for (var evaluations = 1; evaluations <= 4; evaluations++)
            {
                var options = _options with
                {
                    Generate = _options.Generate with { Solver = solver.Name, Evaluations = evaluations },
                };
                var train = TestImages.Noise(4, classes: 2, imageSize: 8);
                var fits = Accepts(() => SettingChecks.Require(options, train, train.Form));
                Assert.That(fits, Is.EqualTo(Accepts(() => solver.Plan(schedule, evaluations))), $"{solver} {evaluations}");
                refused += fits ? 0 : 1;
            }
        }

        Assert.That(refused, Is.GreaterThan(5));
    }

    [Test]
    public void Memory_ShortOfTheEstimate_IsAnEnvironmentFailureThatSaysWhatToLower()
    {
        using var device = new HostDevice(threads: 1);
        var huge = _options with { Diffusion = _options.Diffusion with { Width = 8192, Depth = 256, Heads = 64 } };
        var error = TestImages.Fails(
            FailureKind.Environment, () => DptPlan.Of(huge, device), "training the generator would take about");
        Assert.That(error.Message, Does.Contain("lower diffusion.batch").And.Contain("GiB"));
    }

    [Test]
    public void Doubts_AreSaidWithAdvice()
    {
        using var device = new HostDevice(threads: 1);
        var options = _options with { Diffusion = _options.Diffusion with { WarmUp = 6 } };
        Assert.That(DptPlan.Of(options, device).Warnings, Is.EqualTo(
        [
            // 1.96 sqrt(0.25 / 50) = 0.139
            "the test set has 50 images: an accuracy is uncertain by up to 14 points either way (95 %); differences below that "
                + "mean nothing",
            "diffusion.warmUp 6 is not below diffusion.steps 6: the learning rate never reaches its peak",
        ]));
        var enough = _options with { Data = _options.Data with { TestLimit = 400 } };
        Assert.That(DptPlan.Of(enough, device).Warnings, Is.Empty);
    }

    /// <summary>A share that a small batch has no image for; none asked for is the user's word.</summary>
    [TestCase(0.5, 1, true)]
    [TestCase(0.5, 2, false)]
    [TestCase(0.0, 2, false)]
    [TestCase(null, 1, false)]
    public void RealShare_OfNoImage_IsDoubted(double? share, int batch, bool said)
    {
        using var device = new HostDevice(threads: 1);
        var options = _options with
        {
            Data = _options.Data with { TestLimit = 400 },
            Stage3 = _options.Stage3 with { RealShare = share, LabelledBatch = batch },
        };
        Assert.That(
            DptPlan.Of(options, device).Warnings,
            said ? Is.EqualTo(["stage3.realShare 0.5 of stage3.labelledBatch 1 is no image: stage 3 learns no true label; a larger batch or "
                + "stage3.realShare=null has them"]) : Is.Empty);
    }

    /// <summary>Images of 16 x 16 grey pixels: patches of 8 have 64 numbers.</summary>
    [TestCase(8, 60, "velocity", true)]
    [TestCase(8, 60, "noise", true)]
    [TestCase(8, 64, "velocity", false)]
    [TestCase(4, 60, "velocity", false)]
    [TestCase(8, 60, "data", false)]
    public void Patch_OfMoreNumbersThanAToken_IsDoubted(int patch, int width, string prediction, bool said)
    {
        using var device = new HostDevice(threads: 1);
        var options = _options with
        {
            Data = _options.Data with { TestLimit = 400 },
            Diffusion = _options.Diffusion with { PatchSize = patch, Width = width, Heads = 4, Prediction = prediction },
        };
        Assert.That(
            DptPlan.Of(options, device).Warnings,
            said ? Has.Exactly(1).StartsWith("a patch of 8 pixels has 64 numbers, a token 60: the noise of an image does not fit through")
                : Is.Empty);
    }

    private static bool Accepts(Action check)
    {
        try
        {
            check();
            return true;
        }
        catch (DptException)
        {
            return false;
        }
    }
}
