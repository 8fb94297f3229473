using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>What a user of a run's numbers should know, each with advice: one place for the output, the result and the report.</summary>
internal static class RunWarnings
{
    /// <summary>Standard errors by which a share must be above chance, or above another, to count as more.</summary>
    private const double Surely = 2;

    /// <summary>What to do about a probe that knows nothing.</summary>
    private const string OtherFeatures = "more labels, other features, or the pixels that probe.features was trained with (probe.pixels)";

    /// <summary>The warnings that apply, as far as the run has come.</summary>
    /// <param name="plan">Settings and data, with the warnings known before work.</param>
    /// <param name="labels">The pseudo-labels, or null.</param>
    /// <param name="one">Stage 1, or null if it is not finished.</param>
    /// <param name="two">Stage 2, or null.</param>
    /// <param name="three">Stage 3, or null.</param>
    /// <param name="lowered">The trainings that diverged and went back, each with the factor on its learning rate.</param>
    /// <param name="machines">What computed the finished stages.</param>
    public static IReadOnlyList<string> Of(
        DptPlan plan,
        PseudoLabels? labels,
        Stage1Result? one,
        Stage2Result? two,
        Stage3Result? three,
        IReadOnlyList<(string Training, double Factor)> lowered,
        IReadOnlyList<string> machines) =>
    [
        .. plan.Warnings,
        .. plan.Options.Data.Development is null
            ? Array.Empty<string>()
            : [$"accuracies are of {plan.Data.Test.Count} training images that were set aside (data.development), not of test images"],
        .. OnLabels(plan, labels),
        .. OnAccuracy(plan.Data.Test, "stage 1", one?.Top1, plan.Options.Probe.IsUsed ? OtherFeatures : "more labels, or more stage1.steps"),
        .. OnImages(plan, two),
        .. OnAccuracy(plan.Data.Test, "stage 3", three?.Top1, plan.Options.Probe.IsUsed ? OtherFeatures : "better pseudo-labels, or more stage3.steps"),
        .. OnControl(plan.Data.Test, three),
        .. OnRates(lowered, three),
        .. machines.Count > 1
            ? [$"the stages were computed by {string.Join(" and by ", machines)}: a run on one of them differs in its last bits"]
            : Array.Empty<string>(),
    ];

    private static IEnumerable<string> OnLabels(DptPlan plan, PseudoLabels? labels)
    {
        if (labels is null)
        {
            yield break;
        }

        var train = plan.Data.Train;
        var counts = ClassBalance.Count(labels.Labels, train.Classes);
        var used = counts.Count(count => count > 0);
        var shares = counts.Where(count => count > 0).Select(count => (double)count / labels.Labels.Length);
        var effective = Math.Exp(-shares.Sum(share => share * Math.Log(share)));
        if (used < train.Classes || effective < train.Classes / 2.0)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"the pseudo-labels fall into few classes ({used} of {train.Classes} occur, as good as {effective:0.0} equal "
                + $"ones): what stage 2 draws for the others means nothing; "
                + $"{(plan.Options.Probe.IsUsed ? OtherFeatures : "give more labels per class, lower stage1.learningRate, or raise stage1.fairnessWeight")}");
        }
    }

    private static IEnumerable<string> OnAccuracy(ImageDataset test, string stage, double? top1, string advice)
    {
        if (top1 is not { } share)
        {
            yield break;
        }

        var guess = (double)ClassBalance.Count(test.Labels, test.Classes).Max() / test.Count;
        if (!IsAbove(share, guess, test.Count))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{stage} has learned nothing that shows: its top-1 of {share:0.0 %} is no better than always saying the most "
                + $"frequent class ({guess:0.0 %}); {advice}");
        }
    }

    private static IEnumerable<string> OnImages(DptPlan plan, Stage2Result? two)
    {
        if (two is null)
        {
            yield break;
        }

        var (train, width) = (plan.Data.Train, plan.FeatureWidth);
        var fewest = Math.Min(two.FrechetDistance.Count, train.Count);
        if (fewest <= width)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"the Frechet distance says little: {fewest} images in {width} features have no full covariance; draw "
                + $"{(2 * width / train.Classes) + 1} or more images per class (generate.perClass)");
        }

        if (!IsAbove(two.ClassAgreement, 1.0 / train.Classes, two.FrechetDistance.Count))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"the pseudo-images do not show the classes that they were drawn for: the stage-1 classifier agrees in "
                + $"{two.ClassAgreement:0.0 %}, as by chance; more diffusion.steps, or a better stage 1");
        }
    }

    private static IEnumerable<string> OnControl(ImageDataset test, Stage3Result? three)
    {
        if (three is not { Top1: { } top1, ControlTop1: { } control })
        {
            yield break;
        }

        if (top1 < control)
        {
            yield return Behind(
                "pseudo-images",
                $"its control without them {Share(control)}",
                control,
                "look at the samples and at the accuracy of the pseudo-labels, and give stage 2 more steps");
        }
        else if (three.SelfTrainingTop1 is { } selfTraining && top1 <= selfTraining)
        {
            yield return Behind(
                "drawing",
                $"and {Share(selfTraining)} with real images and their stage-1 labels in place of the pseudo-images",
                selfTraining,
                "what helped are the labels; give stage 2 more steps");
        }

        // A lead that these test images cannot tell from chance is no reason to change anything.
        string Behind(string what, string than, double other, string advice)
        {
            var reached = $"stage 3 reaches {Share(top1)}, {than}";
            return IsMore(other, top1, test.Count)
                ? $"{what} did not help: {reached}; {advice}"
                : $"{what} made no difference that {test.Count} test images can tell: {reached}; several seeds tell more (--seeds 1-5)";
        }
    }

    /// <summary>A training that diverged is not the one that was asked for; and what is compared must share its rate.</summary>
    private static IEnumerable<string> OnRates(IReadOnlyList<(string Training, double Factor)> lowered, Stage3Result? three)
    {
        foreach (var (training, factor) in lowered)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture, $"{training} diverged and ended with {factor} of its learning rate; begin with a lower one");
        }

        if (three is not null
            && (three.ControlLoweredRate != three.LoweredRate
                || (three.SelfTrainingTop1 is not null && three.SelfTrainingLoweredRate != three.LoweredRate)))
        {
            yield return "stage 3 and its controls ended with different learning rates: the difference between them is not that of the "
                + "pseudo-images alone";
        }
    }

    private static string Share(double share) => share.ToString("0.00 %", CultureInfo.InvariantCulture);

    /// <summary>Whether one share of so many is more than another by more than chance would make it.</summary>
    private static bool IsMore(double share, double than, int count) =>
        share > than + (Surely * Math.Sqrt(((share * (1 - share)) + (than * (1 - than))) / count));

    /// <summary>Whether a share of so many is more than chance would make it.</summary>
    private static bool IsAbove(double share, double chance, int count) =>
        share > chance + (Surely * Math.Sqrt(chance * (1 - chance) / count));
}
