using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// A network that classifies images. Its parameters lie in the store that it was made in; training, labelling and measuring
/// know no more of it than this. <see cref="ClassifierCatalog"/> lists those that settings can choose.
/// </summary>
public interface IClassifier
{
    /// <summary>Number of classes.</summary>
    int Classes { get; }

    /// <summary>Numbers of a feature.</summary>
    int FeatureWidth { get; }

    /// <summary>What the network makes of images before it decides, [B, FeatureWidth]: the Frechet distance is measured in it.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="images">Normalised images, [B, C, S, S].</param>
    Tensor Features(Tape tape, Tensor images);

    /// <summary>
    /// Class scores, [B, Classes]. An image's scores must not depend on the images beside it; a network for which they do while it learns
    /// is an <see cref="IBatchClassifier"/>.
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="images">Normalised images, [B, C, S, S].</param>
    Tensor Forward(Tape tape, Tensor images);
}
