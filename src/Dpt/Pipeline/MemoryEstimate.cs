namespace DPT.Engine.Dpt;

/// <summary>
/// The device memory that the hungriest part of a run will take, estimated from sizes alone: slabs of the parameters,
/// images, and what the tape keeps of each token. Tests hold it against what runs of several sizes took.
/// </summary>
/// <param name="Bytes">How much.</param>
/// <param name="Work">The part that takes it.</param>
/// <param name="Remedy">The settings that make it take less.</param>
internal sealed record MemoryEstimate(long Bytes, string Work, string Remedy)
{
    private const int EvaluationBatch = 250;

    /// <summary>Floats that embedding, last norm and head leave for a token, over its width.</summary>
    private const long KeptAtEnds = 6;

    /// <summary>Part of it that a pass without gradients takes: weak views, evaluations.</summary>
    private const double ShareUnrecorded = 0.6;

    /// <summary>Weights, gradients, average, two moments and the mask of decay.</summary>
    private const long TrainingSlabs = 6;

    /// <summary>The largest of the parts of a run.</summary>
    /// <param name="options">The options.</param>
    /// <param name="data">The data.</param>
    /// <param name="classifierSlab">Elements of a slab of the classifier.</param>
    /// <param name="generatorSlab">Elements of a slab of the generator.</param>
    public static MemoryEstimate Of(DptOptions options, DatasetPair data, long classifierSlab, long generatorSlab) =>
        new[]
        {
            Classifier("stage1", options.Stage1, options.Classifier, data, classifierSlab, pseudoImages: 0),
            Classifier(
                "stage3",
                options.Stage3,
                options.Classifier,
                data,
                classifierSlab,
                pseudoImages: (long)options.Generate.PerClass * data.Train.Classes),
            Generator(options.Diffusion, data.Train, generatorSlab),
            Drawing(options, data.Train, generatorSlab),
        }.MaxBy(part => part.Bytes)!;

    private static MemoryEstimate Classifier(
        string stage, SemiSupervisedOptions training, ClassifierOptions network, DatasetPair data, long slab, long pseudoImages)
    {
        var (train, tokens) = (data.Train, 1 + Patches(data.Train, network.PatchSize));
        var images = (train.Count + data.Test.Count + pseudoImages) * train.ImageLength;
        var block = KeptPerBlock(network.MlpRatio);
        var recorded = (long)training.LabelledBatch + training.UnlabelledBatch;
        var unrecorded = ShareUnrecorded * (training.UnlabelledBatch + EvaluationBatch);
        var activations = (long)(tokens * network.Width
            * (((recorded + unrecorded) * ((network.Depth * block) + KeptAtEnds)) + (recorded * block)));
        return new MemoryEstimate(
            images + (sizeof(float) * ((TrainingSlabs * slab) + activations)),
            $"training in {stage}",
            $"{stage}.labelledBatch, {stage}.unlabelledBatch, classifier.width or classifier.depth");
    }

    private static MemoryEstimate Generator(DiffusionOptions options, ImageDataset train, long slab)
    {
        var tokens = 2 + Patches(train, options.PatchSize);
        var blocks = options.Depth + 1L;
        var kept = options.Recompute
            ? (2 * blocks) + KeptPerBlock(UVitConfig.MlpRatio)
            : (blocks + 1) * KeptPerBlock(UVitConfig.MlpRatio);
        var activations = (long)(options.Batch / options.Accumulation) * tokens * options.Width * (kept + KeptAtEnds);
        var images = (long)train.Count * train.ImageLength;
        return new MemoryEstimate(
            images + (sizeof(float) * ((TrainingSlabs * slab) + activations)),
            "training the generator",
            "diffusion.batch or diffusion.width, raise diffusion.accumulation, or set diffusion.recompute=true");
    }

    private static MemoryEstimate Drawing(DptOptions options, ImageDataset train, long slab)
    {
        var tokens = 2 + Patches(train, options.Diffusion.PatchSize);
        var token = (long)options.Diffusion.Width * (options.Diffusion.Depth + 1) * KeptPerBlock(UVitConfig.MlpRatio);
        return new MemoryEstimate(
            sizeof(float) * ((TrainingSlabs * slab) + (options.Generate.Batch * tokens * token)),
            "drawing pseudo-images",
            "generate.batch");
    }

    /// <summary>
    /// Floats that a block leaves on the tape for a token, over its width; the gradients of one block take as much again.
    /// </summary>
    private static long KeptPerBlock(int mlpRatio) => 8 + (2 * mlpRatio);

    private static long Patches(ImageDataset train, int patch) => (train.ImageSize / patch) * (long)(train.ImageSize / patch);
}
