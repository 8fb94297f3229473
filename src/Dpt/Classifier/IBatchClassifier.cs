using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// A classifier that normalises by the batch while it learns: the scores of an image then depend on the images beside it, so all views of
/// a step go through it together, and once. In use (<see cref="IClassifier.Forward"/>) it has the statistics that followed those of the
/// batches, and an image's scores are its own again.
/// </summary>
public interface IBatchClassifier : IClassifier
{
    /// <summary>Class scores while it learns, [B, Classes]. What follows the batches moves.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="images">Normalised images, [B, C, S, S].</param>
    Tensor ForwardTraining(Tape tape, Tensor images);
}
