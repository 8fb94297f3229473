using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>What all computations with a network of another tool are given.</summary>
internal static class NetworkOptions
{
    /// <summary>A value that the verb cannot do without.</summary>
    public static string Given(string? value, string verb, string option) =>
        value ?? throw new DptException(FailureKind.Usage, $"{verb}: --{option} is missing");

    /// <summary>The number of attention heads: of a network that has some it must be given.</summary>
    public static int? Heads(string verb, string model, string? text) =>
        text is null && !ForeignNetwork.HasHeads(model) ? null : Count(Given(text, verb, "heads H"), "--heads");

    /// <summary>The side of images.</summary>
    public static int ImageSize(string text) => Count(text, "--image-size");

    /// <summary>The network of a file, which is <paramref name="unlessNamed"/> if no model is named, or of a folder of <c>dpt import</c>, which says what it is as far as nothing else is given.</summary>
    public static ForeignNetworkOptions Network(string verb, string? weights, string? key, string? model, string? heads, bool features = false, string? unlessNamed = null)
    {
        var path = Given(weights, verb, "weights FILE");
        if (!Directory.Exists(path))
        {
            var named = Given(model ?? unlessNamed, verb, "model NAME");
            return new ForeignNetworkOptions(path, key, named, Heads(verb, named, heads), features);
        }

        var found = ImportedFolder.Find(path);
        return found with
        {
            Part = key,
            Model = model ?? found.Model,
            Heads = heads is null ? found.Heads : Count(heads, "--heads"),
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
