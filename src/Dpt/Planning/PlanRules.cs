using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>
/// All rules of a plan, each with its reason: pure functions of what the data is, what the machine does, and the budget. They were
/// tuned on development parts of small grey sets (16x16 drawn digits, 8x8 handwritten digits, 28x28 pictures of clothes) on two
/// cores; none was tuned on test images.
/// </summary>
internal static class PlanRules
{
    /// <summary>The quickest networks.</summary>
    public static readonly NetworkSize Quickest = new(Channels: 32, GeneratorGrid: 4);

    private const int FineGrid = 8;

    /// <summary>
    /// What makes them larger, in the order in which it is tried: a wider classifier gets 1.5 in 100 more right, a generator of finer
    /// patches draws more but made no classifier better.
    /// </summary>
    private static readonly Func<NetworkSize, NetworkSize>[] Enlargements =
        [size => size with { Channels = 64 }, size => size with { GeneratorGrid = FineGrid }];

    /// <summary>Share of the useful updates from which larger networks gain more than the updates they cost.</summary>
    private const double EnoughUpdates = 0.5;

    /// <summary>
    /// Share of the useful updates below which pseudo-images may hurt: runs that had 0.03 lost up to 27 points by them, such with 0.08
    /// none.
    /// </summary>
    private const double EnoughToDraw = 0.08;

    /// <summary>Pixels along a side that the classifier's convolutions begin with, at most about as many.</summary>
    private const int ClassifierGrid = 16;

    private const int TokenWidth = 128;
    private const int LargestSide = 64;
    private const int SmallestSideInPatches = 8;
    private const double MirrorLimit = 1.05;
    private const int Evaluations = 6;
    private const double GuidedBelow = 3;
    private const int MostPerClass = 128;
    private const int PerClassUnit = 16;
    private const int FewestUpdates = 20;
    private const int MostCurvePoints = 8;

    // The shares of a budget: what is left after drawing, labelling and curves goes to the trainings in these proportions.
    private const double DrawingShare = 0.08;
    private const double CurveShare = 0.05;
    private const double ClassifierWeight = 57;
    private const double GeneratorWeight = 35;

    // Updates that still help, with the orthogonal updates of muon: beyond them the curves of the development sets are flat. After 400,
    // 800, 1200 and 2400 updates clothes were right in 70.1, 75.3, 76.8 and 76.9 %; 8x8 digits after 600 and 1200 in 96.9 and 98.2 %.
    private const int UsefulInStage1 = 1200;
    private const int UsefulInGenerator = 5000;
    private const int UsefulInStage3 = 1200;

    /// <summary>Side that the images are resized to; their own if it does: the nearest up to 64 that patches cut into 3 to 10.</summary>
    public static int Side(DataTraits data) => data.SideIsGiven || data.Side < SmallestSideInPatches
        ? data.Side
        : Enumerable.Range(SmallestSideInPatches, LargestSide - SmallestSideInPatches + 1)
            .Where(side => new[] { Quickest.GeneratorGrid, FineGrid }.All(grid => side / Patch(side, grid) is >= 3 and <= 10))
            .MinBy(side => Math.Abs(side - data.Side));

    /// <summary>The side of a generator's patch that cuts images most nearly into so many along a side.</summary>
    public static int Patch(int side, int grid) => Enumerable.Range(1, side)
        .Where(patch => side % patch == 0 && (patch > 1 || side < SmallestSideInPatches))
        .MinBy(patch => Math.Abs(Math.Log((double)side / patch / grid)));

    /// <summary>The side of a classifier's patch: a pixel of a tiny image, several of a larger one.</summary>
    public static int ClassifierPatch(int side) => side <= SmallestSideInPatches ? 1 : Patch(side, ClassifierGrid);

    /// <summary>
    /// The networks: larger ones cost several times as much, so they are worth trying if the smaller leave time, and taken if the
    /// budget pays for half of their useful updates.
    /// </summary>
    /// <param name="data">The data.</param>
    /// <param name="workOf">What the budget pays for with networks of a size; it is asked only where it matters.</param>
    public static NetworkSize SizeFor(DataTraits data, Func<NetworkSize, PlannedWork> workOf)
    {
        var (chosen, work) = (Quickest, workOf(Quickest));
        foreach (var enlarge in Enlargements)
        {
            var larger = enlarge(chosen);
            if (work.Sufficiency >= 1 && !IsTheSame(larger, chosen) && workOf(larger) is { Sufficiency: >= EnoughUpdates } next)
            {
                (chosen, work) = (larger, next);
            }
        }

        return chosen;

        bool IsTheSame(NetworkSize a, NetworkSize b) => a.Channels == b.Channels
            && Patch(Side(data), a.GeneratorGrid) == Patch(Side(data), b.GeneratorGrid);
    }

    /// <summary>Whether mirrored images belong to the data.</summary>
    public static bool Flip(DataTraits data) => data.Channels > 1 && data.MirrorRatio < MirrorLimit;

    /// <summary>The rules that need no rates: networks, views, batches, optimiser, sampling.</summary>
    /// <param name="data">The data.</param>
    /// <param name="size">How large the networks are.</param>
    public static IEnumerable<PlannedRule> Networks(DataTraits data, NetworkSize size)
    {
        var side = Side(data);
        if (side != data.Side)
        {
            yield return new PlannedRule(
                data.Side > LargestSide
                    ? $"images of {data.Side} pixels at {side}: larger ones need larger patches than any that were measured"
                    : $"images of {data.Side} pixels at {side}: no patch cuts {data.Side} into 3 to 10",
                ("data.imageSize", side));
        }

        var patch = Patch(side, size.GeneratorGrid);
        yield return new PlannedRule(
            $"a generator of {side / patch} x {side / patch} patches: " + (size.GeneratorGrid == Quickest.GeneratorGrid
                ? "few tokens, so that the budget pays for enough updates"
                : "the budget pays for enough updates of finer ones, which draw more"),
            ("diffusion.patchSize", patch));
        var numbers = data.Channels * patch * patch;
        yield return new PlannedRule(
            $"a patch has {numbers} numbers, a token {TokenWidth}: " + (numbers > TokenWidth
                ? "noise does not fit through, an image does"
                : "noise fits through"),
            ("diffusion.prediction", numbers > TokenWidth ? "data" : "velocity"));
        yield return new PlannedRule(
            $"a classifier of {size.Channels} channels: " + (size.Channels == Quickest.Channels
                ? "few, so that the budget pays for enough updates"
                : "the budget pays for enough updates of a wide one, which gets 1.5 in 100 more right"),
            ("classifier.width", size.Channels));
        yield return new PlannedRule(
            "convolutions learn from few labels what a transformer does not: of clothes they get 4 to 10 in 100 more right, and drawn digits in "
            + "half of the updates",
            ("classifier.network", "resnet"),
            ("classifier.patchSize", ClassifierPatch(side)),
            ("classifier.depth", 1));
        yield return new PlannedRule(
            "the sizes that all other rules were measured with",
            ("diffusion.width", TokenWidth),
            ("diffusion.depth", 6),
            ("diffusion.heads", 4));
        yield return new PlannedRule(
            "600 updates of muon reach what 1200 of adamw do",
            ("stage1.optimizer", "muon"),
            ("diffusion.optimizer", "muon"),
            ("stage3.optimizer", "muon"));
        var labelled = Math.Clamp(2 * data.Classes, 20, 64);
        yield return new PlannedRule(
            $"two labelled images of each of {data.Classes} classes in a batch, 20 to 64; more are repetitions",
            ("stage1.labelledBatch", labelled),
            ("stage1.unlabelledBatch", 128),
            ("diffusion.batch", 64),
            ("stage3.labelledBatch", 64),
            ("stage3.unlabelledBatch", 128));
        var flip = Flip(data);
        yield return new PlannedRule(
            FlipReason(data), ("stage1.flip", flip), ("diffusion.flip", flip), ("stage3.flip", flip));
        var padding = Math.Max(1, side / 8);
        yield return new PlannedRule(
            "shifts by up to an eighth of the side keep what is shown",
            ("stage1.cropPadding", padding),
            ("stage3.cropPadding", padding));
        yield return new PlannedRule(
            $"{Evaluations} evaluations of UniPC draw as well as 15 of dpm-solver++-2m; guided at noise levels below {GuidedBelow} only, "
            + "pseudo-images are half as far from the training images as with guidance throughout",
            ("generate.solver", "unipc-3"),
            ("generate.evaluations", Evaluations),
            ("generate.guidedBelow", GuidedBelow));
    }

    /// <summary>The updates that a budget pays for.</summary>
    /// <param name="data">The data.</param>
    /// <param name="rates">Rates of the networks.</param>
    /// <param name="budget">The budget.</param>
    /// <param name="rounds">Rounds of the method: stages 2 and 3 are as many times as long, the control is not.</param>
    public static PlannedWork Work(DataTraits data, StepRates rates, Budget budget, int rounds = 1)
    {
        var perImage = rounds * data.Classes * Evaluations * rates.Draw;
        var perClass = Math.Min(MostPerClass, DrawingShare * budget.Seconds / perImage);
        perClass = Math.Max(PerClassUnit, Math.Floor(perClass / PerClassUnit) * PerClassUnit);

        // Pseudo-labels, then features for the Frechet distance.
        var labelling = 2 * rounds * data.Images * rates.Classify;
        var left = ((1 - CurveShare) * budget.Seconds) - (perClass * perImage) - labelling;

        // Stage 1, stage 3 and its control get as many updates as each other: no classifier lags behind those it is compared with.
        var (generators, stage3) = (rounds * rates.Generator, (rounds + 1) * rates.Stage3);
        var classifiers = rates.Stage1 + stage3;
        Training[] trainings =
        [
            new(ClassifierWeight * rates.Stage1 / classifiers, rates.Stage1, UsefulInStage1),
            new(GeneratorWeight, generators, UsefulInGenerator),
            new(ClassifierWeight * stage3 / classifiers, stage3, UsefulInStage3),
        ];

        // Those that have enough soonest come first: what they leave goes to the others.
        var weight = trainings.Sum(training => training.Weight);
        foreach (var training in trainings.OrderBy(training => training.Useful * training.Seconds / training.Weight))
        {
            var seconds = Math.Clamp(left * training.Weight / weight, 0, training.Useful * training.Seconds);
            training.Updates = Math.Clamp(TwoDigits(seconds / training.Seconds), FewestUpdates, training.Useful);
            (left, weight) = (left - seconds, weight - training.Weight);
        }

        return new PlannedWork(
            trainings[0].Updates,
            trainings[1].Updates,
            trainings[2].Updates,
            (int)perClass,
            trainings.Min(training => (double)training.Updates / training.Useful));
    }

    /// <summary>The shortest budget, in seconds and to a tenth, that pays for updates enough that pseudo-images do not hurt.</summary>
    /// <param name="data">The data.</param>
    /// <param name="rates">Rates of the networks.</param>
    /// <param name="rounds">Rounds of the method.</param>
    public static double SensibleSeconds(DataTraits data, StepRates rates, int rounds)
    {
        var seconds = 1.0;
        while (Work(data, rates, new Budget(seconds, ""), rounds).Sufficiency < EnoughToDraw)
        {
            seconds *= 1.1;
        }

        return seconds;
    }

    /// <summary>The rules that follow from the updates.</summary>
    /// <param name="work">The updates.</param>
    /// <param name="testImages">Number of test images: how often they are measured on the way changes nothing in training.</param>
    /// <param name="rates">Rates of the networks.</param>
    /// <param name="budget">The budget.</param>
    public static IEnumerable<PlannedRule> Schedules(PlannedWork work, int testImages, StepRates rates, Budget budget)
    {
        yield return new PlannedRule(
            $"of the time for training, {ClassifierWeight} parts to the classifiers, as many updates for stage 1, stage 3 and its control, "
            + $"and {GeneratorWeight} to the generator; at most {UsefulInStage1} in stage 1, {UsefulInStage3} in stage 3 and "
            + $"{UsefulInGenerator} in the generator, beyond which more do not help",
            ("stage1.steps", work.Stage1),
            ("diffusion.steps", work.Generator),
            ("stage3.steps", work.Stage3));
        yield return new PlannedRule(
            "a tenth of the updates, at most 100, until the rate is at its peak",
            ("stage1.warmUp", WarmUp(work.Stage1)),
            ("diffusion.warmUp", WarmUp(work.Generator)),
            ("stage3.warmUp", WarmUp(work.Stage3)));
        yield return new PlannedRule(
            "classifiers average the last twelfth of their updates, the generator a fifth: shorter is noise, longer is the past",
            ("stage1.averageDecay", Decay(work.Stage1 / 12.0)),
            ("diffusion.averageDecay", Decay(work.Generator / 5.0)),
            ("stage3.averageDecay", Decay(work.Stage3 / 12.0)));
        yield return new PlannedRule(
            $"as many pseudo-images as 8 % of the budget draws, {PerClassUnit} to {MostPerClass} of a class",
            ("generate.perClass", work.PerClass),
            ("generate.batch", Math.Min(128, work.PerClass)));
        var point = (3 * testImages * rates.Classify) + (2 * GeneratorLoss.Images * rates.Draw);
        var points = CurveShare * budget.Seconds / point;
        yield return new PlannedRule(
            $"curves may take 5 % of the budget; they decide nothing",
            ("run.evaluationPoints", (int)Math.Clamp(points, 1, MostCurvePoints)));
    }

    /// <summary>Rounded to two significant digits: a rate that jitters seldom changes a plan.</summary>
    public static int TwoDigits(double value)
    {
        var unit = value < 100 ? 1 : Math.Pow(10, Math.Floor(Math.Log10(value)) - 1);
        return (int)Math.Min(Math.Round(value / unit) * unit, int.MaxValue);
    }

    private static int WarmUp(int updates) => Math.Min(updates / 10, 100);

    /// <summary>The decay of an average over so many updates.</summary>
    private static double Decay(double horizon) => Math.Round(1 - (1 / Math.Max(horizon, 2)), 4);

    private static string FlipReason(DataTraits data) => data.Channels == 1
        ? "no mirror images: grey images may be writing, and a mirrored b is a d"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{(Flip(data) ? "" : "no ")}mirror images: mirrored, an image lies {data.MirrorRatio:0.00} times as far from its nearest neighbour ")
        + $"as it does itself, {(Flip(data) ? "so they look like the set" : "so they do not look like the set")} (limit {MirrorLimit.ToString(CultureInfo.InvariantCulture)})";

    private sealed class Training(double weight, double seconds, int useful)
    {
        public double Weight => weight;

        /// <summary>Seconds of an update.</summary>
        public double Seconds => seconds;

        public int Useful => useful;

        public int Updates { get; set; }
    }
}

/// <summary>How large the networks of a plan are.</summary>
/// <param name="Channels">Channels of the classifier's first stage.</param>
/// <param name="GeneratorGrid">Patches along a side of the generator, about.</param>
internal sealed record NetworkSize(int Channels, int GeneratorGrid);

/// <summary>The amounts of a plan.</summary>
/// <param name="Stage1">Updates of stage 1.</param>
/// <param name="Generator">Updates of the generator.</param>
/// <param name="Stage3">Updates of stage 3, and of its control.</param>
/// <param name="PerClass">Pseudo-images of a class.</param>
/// <param name="Sufficiency">The least share of useful updates among the trainings, up to 1.</param>
internal sealed record PlannedWork(int Stage1, int Generator, int Stage3, int PerClass, double Sufficiency);
