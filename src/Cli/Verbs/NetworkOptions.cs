using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>What all computations with a network of another tool are given.</summary>
internal static class NetworkOptions
{
    /// <summary>A value that the verb cannot do without.</summary>
    public static string Given(string? value, string verb, string option) =>
        value ?? throw new DptException(FailureKind.Usage, $"{verb}: --{option} is missing");

    /// <summary>The number of attention heads.</summary>
    public static int Heads(string text) => Count(text, "--heads");

    /// <summary>The side of images.</summary>
    public static int ImageSize(string text) => Count(text, "--image-size");

    /// <summary>The network of a file, or of a folder of <c>dpt import</c>, which says what it is as far as nothing else is given.</summary>
    public static ForeignNetworkOptions Network(string verb, string? weights, string? key, string? model, string? heads, bool features = false)
    {
        var path = Given(weights, verb, "weights FILE");
        if (!Directory.Exists(path))
        {
            return new ForeignNetworkOptions(path, key, Given(model, verb, "model NAME"), Heads(Given(heads, verb, "heads H")), features);
        }

        var found = ImportedFolder.Find(path);
        return found with
        {
            Part = key,
            Model = model ?? found.Model,
            Heads = heads is null ? found.Heads : Heads(heads),
            Features = features || found.Features,
        };
    }

    /// <summary>How features come from a frozen network.</summary>
    public static FeatureRecipe Recipe(string network, string? output, string? pixels, int? side) => new(network)
    {
        Output = output,
        Scale = pixels ?? PixelScale.Scales[0].Name,
        Side = side,
    };

    private static int Count(string text, string option) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? count
            : throw new DptException(FailureKind.Usage, $"{option} is '{text}', it must be a whole number above 0");
}
