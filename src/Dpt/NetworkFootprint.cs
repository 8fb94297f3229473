namespace DPT.Engine.Dpt;

/// <summary>What one image takes in a network: for estimates of memory, and for the limits of operators.</summary>
/// <param name="Rows">Rows that the network makes of an image, its tokens.</param>
/// <param name="Width">Numbers of the widest row that is counted in images.</param>
/// <param name="Recorded">Floats that a training pass keeps on the tape until the gradient comes back.</param>
/// <param name="Working">Floats that the gradient takes on its way back, beside those.</param>
/// <param name="Unrecorded">Floats that a pass without gradients takes.</param>
public readonly record struct NetworkFootprint(int Rows, int Width, long Recorded, long Working, long Unrecorded)
{
    /// <summary>Whether weak views go with the others through the pass that learns, as those of an <see cref="IBatchClassifier"/> do.</summary>
    public bool LearnsWeakViews { get; init; }

    /// <summary>Images of the pass that a classifier learns from.</summary>
    /// <param name="labelled">Labelled images of a batch.</param>
    /// <param name="unlabelled">Unlabelled images of a batch.</param>
    public long LearnedOf(int labelled, int unlabelled) => labelled + (unlabelled * (LearnsWeakViews ? 2L : 1));

    /// <summary>Floats that embedding, last norm and head of a transformer leave for a token, over its width.</summary>
    internal const int TransformerEnds = 6;

    /// <summary>
    /// Floats that a transformer block leaves on the tape for a token, over its width; the gradients of one block take as much.
    /// </summary>
    internal static int TransformerBlock(int mlpRatio) => 8 + (2 * mlpRatio);
}
