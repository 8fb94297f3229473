using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>A classifier with its weights and the normalisation it was trained with.</summary>
internal sealed class ImageClassifier : IImageClassifier
{
    private const int EvaluationBatch = 250;

    public ImageClassifier(
        Device device, ClassifierOptions options, ImageDataset like, NormalisationStatistics normalisation, ulong seed)
        : this(device, store => ClassifierCatalog.Find(options.Network).Create(store, options, like.Form), normalisation, seed)
    {
    }

    /// <summary>A classifier on any network.</summary>
    public ImageClassifier(
        Device device, Func<ParameterStore, IClassifier> create, NormalisationStatistics normalisation, ulong seed)
    {
        Normalisation = normalisation;
        Store = new ParameterStore(device);
        Network = create(Store);
        Store.Initialize(seed);
    }

    public ParameterStore Store { get; }

    public IClassifier Network { get; }

    public NormalisationStatistics Normalisation { get; }

    /// <inheritdoc/>
    public int Classes => Network.Classes;

    /// <inheritdoc/>
    public int FeatureWidth => Network.FeatureWidth;

    /// <summary>Class probabilities of all images with the present weights, [N, classes].</summary>
    /// <exception cref="DptException">Diverged: a probability is not finite.</exception>
    public float[] Probabilities(ImageDataset images, CancellationToken stop = default) =>
        ForAll(images, Network.Classes, stop, (tape, batch) =>
        {
            var logits = Network.Forward(tape, batch);
            Softmax(logits.Data, logits.Data);
            return logits;
        });

    /// <summary>Features of all images, [N, FeatureWidth].</summary>
    /// <exception cref="DptException">Diverged: a feature is not finite.</exception>
    public float[] Features(ImageDataset images, CancellationToken stop = default) =>
        ForAll(images, Network.FeatureWidth, stop, Network.Features);

    /// <summary>Class probabilities of scores, [N, classes].</summary>
    public void Softmax(Slice<float> logits, Slice<float> probabilities) =>
        Store.Device.Run(LossOperators.Softmax, new SoftmaxCall
        {
            Rows = (int)(logits.Length / Network.Classes),
            Classes = Network.Classes,
            Logits = logits,
            Probabilities = probabilities,
        });

    public void Dispose() => Store.Dispose();

    private float[] ForAll(
        ImageDataset images, int width, CancellationToken cancellation, Func<Tape, Tensor, Tensor> compute)
    {
        if (images.Count == 0)
        {
            return [];
        }

        var device = Store.Device;
        var results = new float[(long)images.Count * width];
        using var source = new DeviceImages(device, images, Normalisation);
        using var tape = new Tape(device);
        for (var start = 0; start < images.Count; start += EvaluationBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            var (indices, next) = (From(start), From(start + EvaluationBatch));
            var result = tape.WithoutGradient(() => compute(tape, source.Batch(tape, indices, ImageView.Plain, next)));
            device.CopyOut(result.Data, results.AsSpan(start * width, indices.Length * width));
            tape.Reset();
        }

        NonFinite.RequireOutput(results, width, Store, "the classifier", i => $"image {i} of '{images.Name}'");
        return results;

        int[] From(int start) => [.. Enumerable.Range(start, Math.Clamp(images.Count - start, 0, EvaluationBatch))];
    }
}
