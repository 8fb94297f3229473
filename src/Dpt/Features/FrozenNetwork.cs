using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>Features of a network that was opened for them.</summary>
internal interface IFrozenFeatures : IImageFeatures, IDisposable;

/// <summary>Trained networks of other tools that features come from: an ONNX file, or a folder of <c>dpt import --as vit</c>.</summary>
internal static class FrozenNetwork
{
    /// <summary>Opens the network that a recipe names.</summary>
    /// <param name="recipe">Which, and how it wants images.</param>
    /// <param name="images">What images will be given.</param>
    /// <param name="device">Where a network of ours computes; ONNX Runtime computes on the processor.</param>
    /// <exception cref="DptException">See <see cref="OnnxFeatures.Open"/> and <see cref="TransformerFeatures.Open"/>.</exception>
    public static IFrozenFeatures Open(FeatureRecipe recipe, ImageForm images, Device device) => Directory.Exists(recipe.Network)
        ? TransformerFeatures.Open(recipe, images, device)
        : OnnxFeatures.Open(recipe, images, Environment.ProcessorCount);
}
