using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>A classifier with its weights and the normalisation it was trained with.</summary>
internal sealed class ImageClassifier : IDisposable
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

    /// <summary>Class probabilities of all images with the present weights, [N, classes].</summary>
    /// <exception cref="DptException">Diverged: a probability is not finite.</exception>
    public float[] Probabilities(ImageDataset images, CancellationToken cancellation = default) =>
        ForAll(images, Network.Classes, cancellation, (tape, batch) =>
        {
            var logits = Network.Forward(tape, batch);
            Softmax(logits.Data, logits.Data);
            return logits;
        });

    /// <summary>Features of all images, [N, FeatureWidth].</summary>
    /// <exception cref="DptException">Diverged: a feature is not finite.</exception>
    public float[] Features(ImageDataset images, CancellationToken cancellation = default) =>
        ForAll(images, Network.FeatureWidth, cancellation, Network.Features);

    /// <summary>Compares predictions with the true labels.</summary>
    public ConfusionMatrix Evaluate(ImageDataset images, CancellationToken cancellation = default)
    {
        var matrix = new ConfusionMatrix(images.Classes);
        matrix.Add(Probabilities(images, cancellation), images.Labels);
        return matrix;
    }

    /// <summary>The most probable class of every image, with its probability.</summary>
    public PseudoLabels Label(ImageDataset images, CancellationToken cancellation = default)
    {
        var probabilities = Probabilities(images, cancellation);
        var labels = new int[images.Count];
        var confidences = new float[images.Count];
        for (var i = 0; i < images.Count; i++)
        {
            var row = probabilities.AsSpan(i * Network.Classes, Network.Classes);
            labels[i] = RowScores.ArgMax(row);
            confidences[i] = row[labels[i]];
        }

        return new PseudoLabels(labels, confidences);
    }

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
