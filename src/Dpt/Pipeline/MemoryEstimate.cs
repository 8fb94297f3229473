namespace DPT.Engine.Dpt;

/// <summary>
/// The device memory that a part of a run will take, estimated from sizes alone: flat buffers of the parameters,
/// images, and what the tape keeps of each token. Tests hold it against what runs of several sizes took.
/// </summary>
/// <param name="Bytes">How much.</param>
/// <param name="Work">The part that takes it.</param>
/// <param name="Remedy">The settings that make it take less.</param>
internal sealed record MemoryEstimate(long Bytes, string Work, string Remedy)
{
    private const int EvaluationBatch = 250;

    /// <summary>Weights, gradients, average, two moments and the mask of decay.</summary>
    private const long TrainingBuffers = 6;

    /// <summary>The parts of a run.</summary>
    /// <param name="options">The options.</param>
    /// <param name="data">The data.</param>
    /// <param name="space">What the generator sees of images.</param>
    /// <param name="classifierLength">Elements of a flat buffer of the classifier.</param>
    /// <param name="generatorLength">Elements of a flat buffer of the generator.</param>
    public static RunMemory Of(DptOptions options, DatasetPair data, IImageSpace space, long classifierLength, long generatorLength) => new(
        Classifier("stage1", options.Stage1, options, data, classifierLength, pseudoImages: 0),
        Generator(options.Diffusion, data.Train, space, generatorLength),
        Drawing(options, space, generatorLength),
        Classifier(
            "stage3",
            options.Stage3,
            options,
            data,
            classifierLength,
            pseudoImages: (long)options.Generate.PerClass * data.Train.Classes));

    private static MemoryEstimate Classifier(
        string stage, SemiSupervisedOptions training, DptOptions options, DatasetPair data, long length, long pseudoImages)
    {
        if (options.Probe.IsUsed)
        {
            // A regression and its rows lie in the memory of the host.
            return new MemoryEstimate(0, $"fitting the probe in {stage}", "data.trainLimit");
        }

        var image = ClassifierCatalog.Find(options.Classifier.Network).Footprint(options.Classifier, data.Train.Form);
        var recorded = image.LearnedOf(training.LabelledBatch, training.UnlabelledBatch);
        if (image.LearnsWeakViews && training.UnlabelledBatch > 0 && SemiSupervisedCatalog.Find(training.Algorithm).PassesAgain)
        {
            // A second pass has the memory of the first one, which is free again, where it is of as many images.
            recorded += training.LabelledBatch + training.UnlabelledBatch;
        }

        var evaluated = Math.Min(EvaluationBatch, Math.Max(data.Train.Count, data.Test.Count));
        var unrecorded = evaluated + (image.LearnsWeakViews ? 0L : training.UnlabelledBatch);
        var images = DeviceImages.MemoryOf(data.Train, data.Train.Count, Math.Max(training.UnlabelledBatch, evaluated))
            + DeviceImages.MemoryOf(data.Test, data.Test.Count, evaluated)
            + DeviceImages.MemoryOf(data.Train, pseudoImages, training.LabelledBatch);
        var activations = (recorded * (image.Recorded + image.Working)) + (unrecorded * image.Unrecorded);
        return new MemoryEstimate(
            images + (sizeof(float) * ((TrainingBuffers * length) + activations)),
            $"training in {stage}",
            $"{stage}.labelledBatch, {stage}.unlabelledBatch, classifier.width or classifier.depth");
    }

    private static MemoryEstimate Generator(DiffusionOptions options, ImageDataset train, IImageSpace space, long length)
    {
        var image = GeneratorCatalog.Find(options.Network).Footprint(options, space.Seen);
        var activations = ((long)(options.Batch / options.Accumulation) * (image.Recorded + image.Working))
            + (GeneratorLoss.Batch * image.Unrecorded);

        // Latents go from the host into the batch.
        var images = options.Autoencoder is null ? DeviceImages.MemoryOf(train, train.Count, options.Batch / options.Accumulation) : 0;
        return new MemoryEstimate(
            images + (sizeof(float) * ((TrainingBuffers * length) + activations + space.Floats)),
            "training the generator",
            "diffusion.batch or diffusion.width, raise diffusion.accumulation, or set diffusion.recompute=true");
    }

    private static MemoryEstimate Drawing(DptOptions options, IImageSpace space, long length)
    {
        var image = GeneratorCatalog.Find(options.Diffusion.Network).Footprint(options.Diffusion, space.Seen);
        return new MemoryEstimate(
            sizeof(float) * ((TrainingBuffers * length) + (options.Generate.NetworkImages * image.Unrecorded) + space.Floats),
            "drawing pseudo-images",
            "generate.batch");
    }
}

/// <summary>The memory of a run by its parts.</summary>
/// <param name="Stage1">Training the classifier of stage 1.</param>
/// <param name="Generator">Training the generator.</param>
/// <param name="Drawing">Drawing pseudo-images.</param>
/// <param name="Stage3">Training the classifier of stage 3, or its control.</param>
internal sealed record RunMemory(MemoryEstimate Stage1, MemoryEstimate Generator, MemoryEstimate Drawing, MemoryEstimate Stage3)
{
    /// <summary>The hungriest part.</summary>
    public MemoryEstimate Largest => new[] { Stage1, Generator, Drawing, Stage3 }.MaxBy(part => part.Bytes)!;
}
