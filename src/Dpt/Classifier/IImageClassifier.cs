namespace DPT.Engine.Dpt;

/// <summary>A classifier of images, whatever it is made of.</summary>
internal interface IImageClassifier : IDisposable
{
    /// <summary>Number of classes.</summary>
    int Classes { get; }

    /// <summary>Numbers of a feature.</summary>
    int FeatureWidth { get; }

    /// <summary>Class probabilities of all images, [N, Classes].</summary>
    /// <exception cref="DptException">Diverged: a probability is not finite.</exception>
    float[] Probabilities(ImageDataset images, CancellationToken stop = default);

    /// <summary>Features of all images, [N, FeatureWidth].</summary>
    /// <exception cref="DptException">Diverged: a feature is not finite.</exception>
    float[] Features(ImageDataset images, CancellationToken stop = default);
}

/// <summary>What follows from a classifier's probabilities.</summary>
internal static class ImageClassifiers
{
    /// <summary>Compares predictions with the true labels.</summary>
    public static ConfusionMatrix Evaluate(this IImageClassifier classifier, ImageDataset images, CancellationToken stop = default)
    {
        var matrix = new ConfusionMatrix(images.Classes);
        matrix.Add(classifier.Probabilities(images, stop), images.Labels);
        return matrix;
    }

    /// <summary>The most probable class of every image, with its probability.</summary>
    public static PseudoLabels Label(this IImageClassifier classifier, ImageDataset images, CancellationToken stop = default)
    {
        var probabilities = classifier.Probabilities(images, stop);
        var labels = new int[images.Count];
        var confidences = new float[images.Count];
        for (var i = 0; i < images.Count; i++)
        {
            var row = probabilities.AsSpan(i * classifier.Classes, classifier.Classes);
            labels[i] = RowScores.ArgMax(row);
            confidences[i] = row[labels[i]];
        }

        return new PseudoLabels(labels, confidences);
    }
}
