namespace DPT.Engine.Dpt;

/// <summary>How features of images come from a trained network. What is not given is read from the file or the images.</summary>
/// <param name="Network">An ONNX file, or a folder of <c>dpt import --as vit</c>, which has one output and one side.</param>
public sealed record FeatureRecipe(string Network)
{
    /// <summary>The output that has the features, [N, width] or [N, width, 1, 1]; null where the network has one output alone.</summary>
    public string? Output { get; init; }

    /// <summary>The output that has class scores before softmax, [N, classes], for the class score; null for none.</summary>
    public string? ClassOutput { get; init; }

    /// <summary>Name of the <see cref="PixelScale"/> that the network was trained with. A wrong one gives numbers all the same, and worse ones.</summary>
    public string Scale { get; init; } = PixelScale.Scales[0].Name;

    /// <summary>
    /// Side that images are resized to, for a network that takes any; null for that of the images. A network of one size needs none.
    /// </summary>
    public int? Side { get; init; }

    /// <summary>The recipe of settings that name a network.</summary>
    internal static FeatureRecipe Of(ProbeOptions options) =>
        new(options.Features!) { Output = options.Output, Scale = options.Pixels, Side = options.Side };
}
