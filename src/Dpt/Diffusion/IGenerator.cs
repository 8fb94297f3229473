using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A network that predicts what a class-conditional diffusion model asks for. Its parameters lie in the store that it was made
/// in; training and sampling know no more of it than this. <see cref="GeneratorCatalog"/> lists those that settings can choose.
/// </summary>
public interface IGenerator
{
    /// <summary>The label that stands for no label: one beyond the classes.</summary>
    int NullClass { get; }

    /// <summary>The prediction for a batch of noised images. An image's must not depend on the images beside it.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="images">x_t, [B, C, S, S].</param>
    /// <param name="times">Network time of each image, [B]; see <see cref="NoiseSchedule.NetworkTime"/>.</param>
    /// <param name="labels">Class of each image, or <see cref="NullClass"/>, [B].</param>
    /// <returns>[B, C, S, S].</returns>
    Tensor Forward(Tape tape, Tensor images, Slice<float> times, Slice<int> labels);
}
