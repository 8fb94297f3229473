namespace DPT.Engine.Dpt.Tests;

/// <summary>The rules of a plan as a table: kinds of data in, plans out; and what must hold of any plan.</summary>
public sealed class PlanRulesTests
{
    /// <summary>
    /// side, channels, images, classes, labelled, mirror ratio, budget in seconds, speed of the machine -> side, patch and width of the
    /// classifier, patch of the generator, updates of stage 1, generator and stage 3, pseudo-images of a class, mirroring, shift.
    /// </summary>
    private static readonly TestCaseData[] Kinds =
    [
        Kind("drawn digits, two minutes", 16, 1, 12000, 10, 20, 1.4, 120, 1).Returns("16/2x32, 4: 680 1300 680 x 128, 2"),
        Kind("drawn digits, twenty minutes", 16, 1, 12000, 10, 20, 1.4, 1200, 1).Returns("16/2x64, 2: 1200 5000 1200 x 128, 2"),
        Kind("small handwriting, a minute", 8, 1, 3823, 10, 40, 1.2, 60, 1).Returns("8/1x32, 2: 330 630 330 x 128, 1"),
        Kind("small handwriting, an hour", 8, 1, 3823, 10, 40, 1.2, 3600, 1).Returns("8/1x64, 2: 1200 5000 1200 x 128, 1"),
        Kind("clothes, two minutes", 28, 1, 9000, 10, 40, 1.01, 120, 1).Returns("28/2x32, 7: 220 1300 220 x 128, 3"),
        Kind("clothes, twenty minutes", 28, 1, 60000, 10, 40, 1.01, 1200, 1).Returns("28/2x64, 7: 730 5000 730 x 128, 3"),
        Kind("clothes, ten seconds", 28, 1, 60000, 10, 40, 1.01, 10, 1).Returns("28/2x32, 7: 20 20 20 x 32, 3"),
        Kind("clothes, a minute of a GPU", 28, 1, 60000, 10, 40, 1.01, 60, 100).Returns("28/2x64, 4: 1200 5000 1200 x 128, 3"),
        Kind("photographs, twenty minutes", 32, 3, 50000, 10, 250, 1.005, 1200, 1).Returns("32/2x32, 4: 1200 5000 1200 x 128, 4 mirrored"),
        Kind("photographs, as long as it helps", 32, 3, 50000, 10, 250, 1.005, double.PositiveInfinity, 1).Returns("32/2x64, 4: 1200 5000 1200 x 128, 4 mirrored"),
        Kind("road signs, twenty minutes", 32, 3, 30000, 43, 172, 1.2, 1200, 1).Returns("32/2x32, 4: 1200 4800 1200 x 128, 4"),
        Kind("large photographs of two classes, two hours", 224, 3, 2000, 2, 20, 1.02, 7200, 1).Returns("64/4x64, 8 data: 1200 5000 1200 x 128, 8 mirrored"),
        Kind("a side that no patch cuts", 37, 3, 3000, 100, 400, 1.06, 1200, 1).Returns("36/2x32, 4: 1200 2700 1200 x 96, 4"),
        Kind("a handful of tiny images", 5, 1, 30, 3, 6, 1, 60, 1).Returns("5/1x32, 1: 880 430 880 x 128, 1"),
    ];

    [TestCaseSource(nameof(Kinds))]
    public string Plan_OfAKindOfData(object data, double seconds, double speed) => Text((DataTraits)data, seconds, speed);

    /// <summary>Training and drawing fill the budget, unless there is nothing left to gain.</summary>
    [TestCase(120, 1)]
    [TestCase(1200, 1)]
    [TestCase(7200, 1)]
    [TestCase(120, 2)]
    [TestCase(300, 3)]
    [TestCase(1200, 2)]
    public void Work_OfAnyKind_FillsTheBudgetAndNoMore(double seconds, int rounds)
    {
        foreach (var kind in Kinds)
        {
            var data = (DataTraits)kind.Arguments[0]!;
            var rates = Rates(data, PlanRules.Quickest, speed: 1);
            var work = PlanRules.Work(data, rates, new Budget(seconds, ""), rounds);

            // Stage 1 and the control once, the rest in every round.
            var spent = (work.Stage1 * rates.Stage1) + (work.Stage3 * rates.Stage3)
                + (rounds * ((work.Generator * rates.Generator) + (work.Stage3 * rates.Stage3)
                    + (work.PerClass * data.Classes * 6 * rates.Draw) + (2 * data.Images * rates.Classify)));
            Assert.That(spent / seconds, Is.LessThan(1.02), $"{kind.TestName} {work}");
            if (work.Generator < 5000)
            {
                Assert.That(spent / seconds, Is.GreaterThan(0.9), $"{kind.TestName} {work}");
            }
        }
    }

    /// <summary>8 in 100 of the useful updates: from there on, and not much sooner.</summary>
    [Test]
    public void SensibleSeconds_PayForEnoughUpdates([Values(1, 3)] int rounds)
    {
        foreach (var kind in Kinds)
        {
            var data = (DataTraits)kind.Arguments[0]!;
            var rates = Rates(data, PlanRules.Quickest, speed: 1);
            var seconds = PlanRules.SensibleSeconds(data, rates, rounds);
            Assert.That(PlanRules.Work(data, rates, new Budget(seconds, ""), rounds).Sufficiency, Is.GreaterThanOrEqualTo(0.08));
            Assert.That(PlanRules.Work(data, rates, new Budget(seconds / 1.3, ""), rounds).Sufficiency, Is.LessThan(0.08));
        }
    }

    [Test]
    public void Work_OfALongerBudget_IsNeverLess()
    {
        var data = (DataTraits)Kinds[4].Arguments[0]!;
        var rates = Rates(data, PlanRules.Quickest, speed: 1);
        var before = PlanRules.Work(data, rates, new Budget(1, ""));
        for (var seconds = 2.0; seconds < 10_000; seconds *= 1.3)
        {
            var work = PlanRules.Work(data, rates, new Budget(seconds, ""));
            Assert.That(work.Stage1, Is.GreaterThanOrEqualTo(before.Stage1));
            Assert.That(work.Generator, Is.GreaterThanOrEqualTo(before.Generator * 0.9), "more pseudo-images may come first");
            Assert.That(work.Stage3, Is.GreaterThanOrEqualTo(before.Stage3 * 0.9));
            Assert.That(work.PerClass, Is.GreaterThanOrEqualTo(before.PerClass));
            Assert.That(work.Stage3, Is.GreaterThanOrEqualTo(work.Stage1), "else the control would have more than stage 3");
            before = work;
        }

        Assert.That(before, Is.EqualTo(new PlannedWork(1200, 5000, 1200, 128, 1)));
    }

    /// <summary>What a budget pays for with the quickest networks, a wide classifier, a fine generator, both.</summary>
    [TestCase(1, 0.5, 1, 1, 64, 4)]
    [TestCase(1, 0.4, 0.4, 1, 32, 4)]
    [TestCase(1, 0.4, 0.5, 1, 32, 8)]
    [TestCase(0.9, 0.5, 0.5, 1, 32, 4)]
    [TestCase(1, 1, 0.4, 0.5, 64, 8)]
    [TestCase(1, 1, 1, 0.4, 64, 4)]
    public void Networks_AreLarger_WhereTheSmallerLeaveTimeForIt(
        double quickest, double wide, double fine, double both, int channels, int grid)
    {
        var size = PlanRules.SizeFor(
            new DataTraits(32, false, 1, 100, 2, 4, 1),
            size => new PlannedWork(1, 1, 1, 1, (size.Channels, size.GeneratorGrid) switch
            {
                (32, 4) => quickest,
                (64, 4) => wide,
                (32, 8) => fine,
                _ => both,
            }));
        Assert.That((size.Channels, size.GeneratorGrid), Is.EqualTo((channels, grid)));
    }

    /// <summary>8 pixels have no finer patches: there is nothing to try but the wider classifier.</summary>
    [Test]
    public void Networks_ThatAreTheSame_AreTriedOnce()
    {
        var tried = new List<int>();
        PlanRules.SizeFor(new DataTraits(8, false, 1, 100, 2, 4, 1), size =>
        {
            tried.Add(size.Channels);
            return new PlannedWork(1, 1, 1, 1, 1);
        });
        Assert.That(tried, Is.EqualTo([32, 64]));
    }

    [TestCase(1, 1.0, false)]
    [TestCase(3, 1.049, true)]
    [TestCase(3, 1.05, false)]
    [TestCase(3, double.NaN, false)]
    public void Flip_OnlyOfColourWhoseMirrorImagesLookLikeTheSet(int channels, double ratio, bool flips) =>
        Assert.That(PlanRules.Flip(new DataTraits(32, false, channels, 100, 2, 4, ratio)), Is.EqualTo(flips));

    [Test]
    public void Side_OfAnyImages_IsCutIntoPatches()
    {
        for (var side = 1; side <= 300; side++)
        {
            var data = new DataTraits(side, false, 3, 100, 2, 4, 1);
            var planned = PlanRules.Side(data);
            foreach (var grid in new[] { 4, 8 })
            {
                var patch = PlanRules.Patch(planned, grid);
                Assert.That(planned % patch, Is.Zero);
                Assert.That(planned / patch, side < 8 ? Is.InRange(1, side) : Is.InRange(3, 10), $"{side} at {planned}, grid {grid}");
            }

            var pixel = PlanRules.ClassifierPatch(planned);
            Assert.That(planned % pixel, Is.Zero);
            Assert.That(planned / pixel, side <= 8 ? Is.EqualTo(side) : Is.InRange(3, 25), $"{side} at {planned}, patches of {pixel}");

            Assert.That(planned, side > 64 ? Is.EqualTo(64) : Is.InRange(side - 2, side + 2));
            Assert.That(PlanRules.Side(data with { SideIsGiven = true }), Is.EqualTo(side));
        }
    }

    [TestCase(0.4, 0)]
    [TestCase(7.6, 8)]
    [TestCase(99.4, 99)]
    [TestCase(104, 100)]
    [TestCase(1234, 1200)]
    [TestCase(98_765, 99_000)]
    public void TwoDigits_IsRounded(double value, int expected) => Assert.That(PlanRules.TwoDigits(value), Is.EqualTo(expected));

    private static TestCaseData Kind(
        string name, int side, int channels, int images, int classes, int labelled, double mirror, double seconds, double speed) =>
        new TestCaseData(new DataTraits(side, false, channels, images, classes, labelled, mirror), seconds, speed).SetName($"{{m}}({name})");

    private static string Text(DataTraits data, double seconds, double speed)
    {
        var budget = new Budget(seconds, "");
        var size = PlanRules.SizeFor(data, s => PlanRules.Work(data, Rates(data, s, speed), budget));
        var rates = Rates(data, size, speed);
        var work = PlanRules.Work(data, rates, budget);
        var set = RunPlan.SettingsOf([.. PlanRules.Networks(data, size), .. PlanRules.Schedules(work, 1000, rates, budget)]);
        return FormattableString.Invariant(
            $"{set.GetValueOrDefault("data.imageSize", data.Side)}/{set["classifier.patchSize"]}x{set["classifier.width"]}, {set["diffusion.patchSize"]}")
            + ((string)set["diffusion.prediction"] == "velocity" ? ": " : $" {set["diffusion.prediction"]}: ")
            + FormattableString.Invariant($"{set["stage1.steps"]} ")
            + FormattableString.Invariant($"{set["diffusion.steps"]} {set["stage3.steps"]} x {set["generate.perClass"]}, {set["stage1.cropPadding"]}")
            + ((bool)set["stage1.flip"] ? " mirrored" : "");
    }

    /// <summary>A machine like two cores: a time for every pixel of the classifier, every token of the generator, and every image.</summary>
    private static StepRates Rates(DataTraits data, NetworkSize size, double speed)
    {
        var side = PlanRules.Side(data);
        var pixels = Math.Pow(side / PlanRules.ClassifierPatch(side), 2);
        var image = 8e-7 * pixels * Math.Pow(size.Channels / 32.0, 2) / speed;
        var tokens = Math.Pow(side / PlanRules.Patch(side, size.GeneratorGrid), 2) + 1;
        var token = 1e-5 * tokens / speed;
        return new StepRates(570 * image, 192 * token, 2 * token, 700 * image, image);
    }
}
