namespace DPT.Engine.Dpt;

/// <summary>The images whose labels a classifier learns: the labelled few, and in stage 3 the pseudo-images behind them.</summary>
internal sealed class LabelledImages
{
    private readonly int _real;
    private readonly int? _realBatch;

    private LabelledImages(ImageDataset images, int real, int? realBatch) => (Images, _real, _realBatch) = (images, real, realBatch);

    /// <summary>All of them.</summary>
    public ImageDataset Images { get; }

    /// <summary>Images that a batch draws from alike.</summary>
    public static LabelledImages Of(ImageDataset images) => new(images, images.Count, realBatch: null);

    /// <summary>Real images, and others with labels that may be wrong.</summary>
    /// <param name="real">The labelled few.</param>
    /// <param name="others">Pseudo-images, or real ones with their pseudo-labels.</param>
    /// <param name="realBatch">How many of a batch are drawn from the few; null if it draws from both as from one set.</param>
    public static LabelledImages Of(ImageDataset real, ImageDataset others, int? realBatch) =>
        new(real.Append(others), real.Count, realBatch);

    /// <summary>Draws the batches. The real rows are those that a training without the others draws first.</summary>
    /// <param name="seed">Seed of the stage.</param>
    public BatchSampler Sampler(ulong seed) => _realBatch is { } rows
        ? BatchSampler.Joined(
            BatchSampler.WithReplacement(_real, seed, RunStreams.LabelledDraw),
            rows,
            BatchSampler.WithReplacement(Images.Count - _real, seed, RunStreams.PseudoImageDraw))
        : BatchSampler.WithReplacement(Images.Count, seed, RunStreams.LabelledDraw);
}
