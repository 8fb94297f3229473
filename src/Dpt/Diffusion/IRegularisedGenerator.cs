using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A generator that learns under harder conditions than it draws: with dropout, and told how its images were augmented. What draws, and
/// what measures a loss, asks <see cref="IGenerator.Forward"/>.
/// </summary>
public interface IRegularisedGenerator : IGenerator
{
    /// <summary>The prediction for a batch of noised images that is learned from.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="images">x_t, [B, C, S, S].</param>
    /// <param name="times">Network time of each image, [B].</param>
    /// <param name="labels">Class of each image, or <see cref="IGenerator.NullClass"/>, [B].</param>
    /// <param name="conditions">What is drawn for the batch.</param>
    /// <returns>[B, C, S, S].</returns>
    Tensor ForwardTraining(Tape tape, Tensor images, Slice<float> times, Slice<int> labels, TrainingConditions conditions);
}

/// <summary>What is drawn for a batch that a generator learns from.</summary>
/// <param name="Draw">Where the random numbers of its images begin, see <see cref="DrawAddress"/>.</param>
/// <param name="Augmentation">What was done to each image, [B, 9] (<see cref="EdmAugmentation"/>); null if nothing is.</param>
public readonly record struct TrainingConditions(Slice<int> Draw, Tensor? Augmentation = null);
