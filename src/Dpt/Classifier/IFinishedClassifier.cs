namespace DPT.Engine.Dpt;

/// <summary>A classifier of a run, opened from its file.</summary>
internal interface IFinishedClassifier : IDisposable
{
    /// <summary>Name of each class.</summary>
    IReadOnlyList<string> ClassNames { get; }

    /// <summary>What images must be like.</summary>
    ImageForm Form { get; }

    /// <summary>Class probabilities of images, [N, classes].</summary>
    /// <param name="images">Of the form <see cref="Form"/>; their labels do not matter.</param>
    /// <param name="stop">Stops between batches.</param>
    /// <exception cref="DptException">Diverged: a probability is not finite.</exception>
    float[] Probabilities(ImageDataset images, CancellationToken stop);
}
