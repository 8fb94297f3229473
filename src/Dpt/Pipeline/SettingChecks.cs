using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>
/// Settings against each other, against the data and against the limits of operators: whatever would otherwise fail in the
/// middle of the work. Ranges of single settings are checked where settings are read.
/// </summary>
internal static class SettingChecks
{
    /// <summary>Largest image that augmentation works on, largest head of attention: limits of their operators.</summary>
    private const int LargestImage = 256;
    private const int LargestHead = 256;

    /// <summary>Half the width of an accuracy's 95 % interval, from which a test set is called small.</summary>
    private const double WideInterval = 0.05;

    /// <summary>Throws at what cannot work.</summary>
    /// <exception cref="DptException">Usage: it names the settings, the limit and what to do.</exception>
    public static void Require(DptOptions options, ImageDataset train)
    {
        var (classifier, diffusion) = (options.Classifier, options.Diffusion);
        Require(
            train.ImageSize <= LargestImage,
            $"images of {train.ImageSize} pixels are too large, the limit is {LargestImage}; resize them with --image-size");
        RequireTransformer("classifier", classifier.PatchSize, classifier.Width, classifier.Heads, train.ImageSize);
        RequireTransformer("diffusion", diffusion.PatchSize, diffusion.Width, diffusion.Heads, train.ImageSize);
        Require(diffusion.Depth % 2 == 0, $"diffusion.depth {diffusion.Depth} is not even");
        Require(
            diffusion.Batch % diffusion.Accumulation == 0,
            $"diffusion.accumulation {diffusion.Accumulation} does not divide diffusion.batch {diffusion.Batch}");
        RequireTraining("stage1", options.Stage1, options, train);
        RequireTraining("stage3", options.Stage3, options, train);
        RequireRows("diffusion.batch", diffusion.Batch / diffusion.Accumulation, Tokens(train, diffusion.PatchSize), diffusion.Width);
        RequireRows("generate.batch", options.Generate.Batch, Tokens(train, diffusion.PatchSize), diffusion.Width);
        RequireSolver(options);
        ImageShards.RequireSense(
            DiffusionStage.PlanOf(options.Generate, train, key: ""), RunFolder.DiffusionName, FailureKind.Usage);
    }

    /// <summary>What can work but is probably not meant.</summary>
    public static IEnumerable<string> Doubts(DptOptions options, DatasetPair data)
    {
        var halfWidth = 1.96 * Math.Sqrt(0.25 / data.Test.Count);
        if (halfWidth >= WideInterval)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"the test set has {data.Test.Count} images: an accuracy is uncertain by up to {100 * halfWidth:0} points either way "
                + $"(95 %); differences below that mean nothing");
        }

        (string Name, int WarmUp, int Steps)[] trainings =
        [
            ("stage1", options.Stage1.WarmUp, options.Stage1.Steps),
            ("diffusion", options.Diffusion.WarmUp, options.Diffusion.Steps),
            ("stage3", options.Stage3.WarmUp, options.Stage3.Steps),
        ];
        foreach (var (name, warmUp, steps) in trainings.Where(training => training.WarmUp >= training.Steps))
        {
            yield return $"{name}.warmUp {warmUp} is not below {name}.steps {steps}: the learning rate never reaches its peak";
        }
    }

    private static void RequireTransformer(string name, int patch, int width, int heads, int imageSize)
    {
        Require(
            imageSize % patch == 0,
            $"{name}.patchSize {patch} does not divide the image size {imageSize}; choose a divisor, or resize with --image-size");
        Require(width >= 2, $"{name}.width {width} is too small, it must be at least 2");
        Require(width % heads == 0, $"{name}.heads {heads} does not divide {name}.width {width}");
        Require(
            width / heads <= LargestHead,
            $"{name}.width {width} in {name}.heads {heads} gives heads of {width / heads}, the limit is {LargestHead}; use more heads");
    }

    private static void RequireTraining(string name, SemiSupervisedOptions training, DptOptions options, ImageDataset train)
    {
        Require(
            training.CropPadding < train.ImageSize,
            $"{name}.cropPadding {training.CropPadding} must be below the image size {train.ImageSize}");
        RequireRows(
            $"{name}.labelledBatch and {name}.unlabelledBatch",
            training.LabelledBatch + training.UnlabelledBatch,
            Tokens(train, options.Classifier.PatchSize),
            Math.Max(train.Classes, options.Classifier.Width));
    }

    /// <summary>Operators count rows, and what a row holds, in 32 bits.</summary>
    private static void RequireRows(string names, int batch, int tokens, int width) => Require(
        (long)batch * tokens <= int.MaxValue / 4 && (long)batch * width <= int.MaxValue / 4,
        $"{names}: {batch} images of {tokens} tokens of width {width} are more than operators can count; lower it");

    private static void RequireSolver(DptOptions options)
    {
        if (SolverCatalog.Find(options.Generate.Solver) is PlannedSolver solver)
        {
            _ = solver.Plan(VariancePreservingSchedule.Find(options.Diffusion.Schedule), options.Generate.Evaluations);
        }
    }

    private static int Tokens(ImageDataset train, int patch) => 2 + (train.ImageSize / patch * (train.ImageSize / patch));

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new DptException(FailureKind.Usage, otherwise);
        }
    }
}
