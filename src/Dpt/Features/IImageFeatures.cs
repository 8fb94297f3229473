namespace DPT.Engine.Dpt;

/// <summary>Something that makes vectors of images, in which sets of images are compared.</summary>
internal interface IImageFeatures
{
    /// <summary>Whose features, with all that numbers in them depend on.</summary>
    string Name { get; }

    /// <summary>Length of a vector.</summary>
    int Width { get; }

    /// <summary>Features of all images, [N, Width].</summary>
    /// <exception cref="DptException">Diverged: a feature is not finite.</exception>
    float[] Features(ImageDataset images, CancellationToken stop);

    /// <summary>Class probabilities of all images, [N, classes]; null if there are none.</summary>
    /// <exception cref="DptException">Diverged: a probability is not finite.</exception>
    float[]? Probabilities(ImageDataset images, CancellationToken stop);
}
