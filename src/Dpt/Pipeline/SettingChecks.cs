using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>
/// Settings against each other, against the data and against the limits of operators: whatever would otherwise fail in the
/// middle of the work. Ranges of single settings are checked where settings are read.
/// </summary>
internal static class SettingChecks
{
    /// <summary>The processes of the official models, each with the solver that they are drawn with (spec 5.7; trap 2).</summary>
    private static readonly (string Schedule, string Solver)[] OfficialPairs = [("vp", "dpm-solver-fast"), ("discrete", "dpm-solver++-fast")];

    /// <summary>Largest image that is learned from pixel by pixel: a limit of the operator that augments.</summary>
    private const int LargestImage = 256;

    /// <summary>Half the width of an accuracy's 95 % interval, from which a test set is called small.</summary>
    private const double WideInterval = 0.05;

    /// <summary>Throws if weights that settings name are not there, before data is read, which may take hours; it says what makes them.</summary>
    /// <exception cref="DptException">Environment: all that is missing.</exception>
    public static void RequireWeights(DptOptions options)
    {
        (string Setting, string? Path, string Maker)[] named =
        [
            ("probe.features", options.Probe.Features, "`dpt import FILE --as vit --heads N --features --out DIR` makes a folder, or name an .onnx file"),
            ("diffusion.autoencoder", options.Diffusion.Autoencoder, "`dpt import FILE --as autoencoder --out DIR` makes it"),
            ("diffusion.latents", options.Diffusion.Latents, "`dpt encode` makes it"),
        ];
        var missing = named.Where(file => file.Path is not null && !Path.Exists(file.Path))
            .Select(file => $"{file.Setting} '{file.Path}' is not there: {file.Maker}").ToList();
        if (missing.Count > 0)
        {
            throw new DptException(FailureKind.Environment, string.Join("; ", missing));
        }
    }

    /// <summary>Throws at what cannot work.</summary>
    /// <param name="options">The options.</param>
    /// <param name="train">The training images.</param>
    /// <param name="seen">What the generator sees of one.</param>
    /// <exception cref="DptException">Usage: it names the settings, the limit and what to do.</exception>
    public static void Require(DptOptions options, ImageDataset train, ImageForm seen)
    {
        var diffusion = options.Diffusion;
        Usage.Require(
            train.ImageSize <= LargestImage || (options.Probe.IsUsed && diffusion.Autoencoder is not null),
            $"images of {train.ImageSize} pixels are too large, the limit is {LargestImage} unless probe.features and diffusion.autoencoder are used; "
            + "resize them with --image-size");
        RequireLatents(diffusion);
        var generator = GeneratorCatalog.Find(diffusion.Network);
        generator.Require(diffusion, seen);
        Usage.Require(
            diffusion.Batch % diffusion.Accumulation == 0,
            $"diffusion.accumulation {diffusion.Accumulation} does not divide diffusion.batch {diffusion.Batch}");
        if (!options.Probe.IsUsed)
        {
            RequireClassifier(options, train);
        }

        Usage.Require(
            options.Generate.GuidedBelow is not { } below || below > options.Generate.GuidedAbove,
            string.Create(
                CultureInfo.InvariantCulture,
                $"generate.guidedBelow {options.Generate.GuidedBelow} must be above generate.guidedAbove {options.Generate.GuidedAbove}: "
                + $"nothing lies between them; generate.guidance=0 guides nowhere"));
        var image = generator.Footprint(diffusion, seen);
        RequireRows("diffusion.batch", diffusion.Batch / diffusion.Accumulation, image.Rows, image.Width);
        RequireRows("generate.batch", options.Generate.NetworkBatch, image.Rows, image.Width);
        RequireSolver(options);
        ImageShards.RequireSense(
            DiffusionStage.PlanOf(options.Generate, train, key: ""), new RunLayout("").Round(1).Diffusion.Name, FailureKind.Usage);
    }

    /// <summary>What is made for pixels does not go with latents.</summary>
    private static void RequireLatents(DiffusionOptions diffusion)
    {
        if (diffusion.Autoencoder is null)
        {
            Usage.Require(diffusion.Latents is null, "diffusion.latents are decoded by the autoencoder that made them: name it with diffusion.autoencoder");
            return;
        }

        Usage.Require(
            diffusion.Schedule != "edm", "diffusion.schedule=edm is for pixels, whose deviation it knows; with diffusion.autoencoder use vp or discrete");
        Usage.Require(
            diffusion.Augment == 0, $"diffusion.augment {diffusion.Augment} is for pixels: latents of a turned image are not its latents, turned");
    }

    private static void RequireClassifier(DptOptions options, ImageDataset train)
    {
        ClassifierCatalog.Find(options.Classifier.Network).Require(options.Classifier, train.Form);
        RequireTraining("stage1", options.Stage1, options, train);
        RequireTraining("stage3", options.Stage3, options, train);
        Usage.Require(
            options.Stage3.ControlSteps is not { } control || control >= options.Stage3.Steps,
            $"stage3.controlSteps {options.Stage3.ControlSteps} must be at least stage3.steps {options.Stage3.Steps}: a control "
            + "with less training proves nothing");
    }

    /// <summary>What can work but is probably not meant.</summary>
    /// <param name="options">The options.</param>
    /// <param name="data">The data.</param>
    /// <param name="seen">What the generator sees of an image.</param>
    public static IEnumerable<string> Doubts(DptOptions options, DatasetPair data, ImageForm seen)
    {
        var halfWidth = 1.96 * Math.Sqrt(0.25 / data.Test.Count);
        if (data.Test.Count == 0)
        {
            yield return "there are no test images: no accuracy is measured, and none can be claimed; a folder test, or labelled images "
                + "that data.development sets aside, would tell";
        }
        else if (halfWidth >= WideInterval)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"the test set has {data.Test.Count} images: an accuracy is uncertain by up to {100 * halfWidth:0} points either way "
                + $"(95 %); differences below that mean nothing");
        }

        if (options.Probe.IsUsed)
        {
            yield return "a regression on frozen features classifies (probe.features): classifier.*, stage1.* and stage3.* but stage3.selfTraining "
                + "mean nothing to it, and its control is stage 1 again";
        }
        else if (options.Stage3 is { RealShare: > 0, RealBatch: 0 })
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"stage3.realShare {options.Stage3.RealShare} of stage3.labelledBatch {options.Stage3.LabelledBatch} is no image: stage 3 "
                + $"learns no true label; a larger batch or stage3.realShare=null has them");
        }

        if (TooLargePatch(options.Diffusion, seen) is { } numbers)
        {
            yield return $"a patch of {options.Diffusion.PatchSize} pixels has {numbers} numbers, a token {options.Diffusion.Width}: the noise of "
                + "an image does not fit through, and drawn images stay noisy; diffusion.prediction=data asks for the image instead, a smaller "
                + "diffusion.patchSize or a larger diffusion.width make room";
        }

        if (OfficialSolver(options.Diffusion.Schedule) is { } official && OfficialPairs.Any(pair => pair.Solver == options.Generate.Solver)
            && official != options.Generate.Solver)
        {
            yield return $"generate.solver {options.Generate.Solver} is what the official code draws with on another process; on "
                + $"diffusion.schedule {options.Diffusion.Schedule} it is {official}: mixed, images are a little worse and nothing says so";
        }

        (string Name, int WarmUp, int Steps)[] trainings =
        [
            ("stage1", options.Stage1.WarmUp, options.Stage1.Steps),
            ("diffusion", options.Diffusion.WarmUp, options.Diffusion.Steps),
            ("stage3", options.Stage3.WarmUp, options.Stage3.Steps),
        ];
        foreach (var (name, warmUp, steps) in trainings.Where(
            training => training.WarmUp >= training.Steps && (training.Name == "diffusion" || !options.Probe.IsUsed)))
        {
            yield return $"{name}.warmUp {warmUp} is not below {name}.steps {steps}: the learning rate never reaches its peak";
        }
    }

    private static string? OfficialSolver(string schedule) => Array.Find(OfficialPairs, pair => pair.Schedule == schedule).Solver;

    /// <summary>
    /// Numbers of a patch, if noise is in what a transformer predicts and its tokens have fewer: noise has as many dimensions as numbers,
    /// images have few (Li and He 2025, arXiv 2511.13720). Null if it fits.
    /// </summary>
    private static int? TooLargePatch(DiffusionOptions diffusion, ImageForm seen)
    {
        var numbers = seen.Channels * diffusion.PatchSize * diffusion.PatchSize;
        return diffusion is { Network: "u-vit", Prediction: not "data" } && numbers > diffusion.Width ? numbers : null;
    }

    private static void RequireTraining(string name, SemiSupervisedOptions training, DptOptions options, ImageDataset train)
    {
        Usage.Require(
            training.CropPadding < train.ImageSize,
            $"{name}.cropPadding {training.CropPadding} must be below the image size {train.ImageSize}");
        var image = ClassifierCatalog.Find(options.Classifier.Network).Footprint(options.Classifier, train.Form);
        RequireRows(
            $"{name}.labelledBatch and {name}.unlabelledBatch",
            image.LearnedOf(training.LabelledBatch, training.UnlabelledBatch),
            image.Rows,
            Math.Max(train.Classes, image.Width));
    }

    /// <summary>Operators count rows, and what a row holds, in 32 bits.</summary>
    private static void RequireRows(string names, long batch, int tokens, int width) => Usage.Require(
        batch * tokens <= int.MaxValue / 4 && batch * width <= int.MaxValue / 4,
        $"{names}: {batch} images of {tokens} tokens of width {width} are more than operators can count; lower it");

    private static void RequireSolver(DptOptions options)
    {
        if (SolverCatalog.Find(options.Generate.Solver) is PlannedSolver solver)
        {
            _ = solver.Plan(VariancePreservingSchedule.Find(options.Diffusion.Schedule), options.Generate.Evaluations);
        }

        DataThreshold.Require(options.Generate.Threshold, SolverCatalog.Find(options.Generate.Solver));
        DataThreshold.RequirePixels(options.Generate.Threshold, options.Diffusion.Autoencoder is not null);
    }
}
