using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>A generator that settings can choose.</summary>
/// <param name="Name">The name by which <c>diffusion.network</c> chooses it.</param>
/// <param name="Description">One line for people.</param>
/// <param name="Require">Throws, as usage, what its settings cannot be for images of a form.</param>
/// <param name="Create">Registers its parameters in a store that is not initialised yet.</param>
/// <param name="Footprint">What an image takes in it.</param>
public sealed record GeneratorKind(
    string Name,
    string Description,
    Action<DiffusionOptions, ImageForm> Require,
    Func<ParameterStore, DiffusionOptions, ImageForm, IGenerator> Create,
    Func<DiffusionOptions, ImageForm, NetworkFootprint> Footprint);

/// <summary>All generators by name. A new one is a file and a line here; from outside it is added.</summary>
public static class GeneratorCatalog
{
    private static readonly List<GeneratorKind> All =
    [
        new("u-vit", "transformer with long skip connections",
            UVit.Require, (store, options, form) => new UVit(store, UVitConfig.From(options, form)), UVit.Footprint),
        new("songunet", "U-Net of convolutions, EDM's DDPM++",
            SongUNet.Require, (store, options, form) => new SongUNet(store, SongUNetConfig.From(options, form)), SongUNet.Footprint),
    ];

    /// <summary>The generators, the default first.</summary>
    public static IReadOnlyList<GeneratorKind> Kinds => All;

    /// <summary>Adds one, so that <c>diffusion.network</c> can name it. Before settings are read, by one thread.</summary>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    public static void Add(GeneratorKind kind) => Named.Add(All, other => other.Name, kind, "generator");

    /// <summary>The generator of that name.</summary>
    /// <exception cref="DptException">There is none; the message lists those that exist.</exception>
    public static GeneratorKind Find(string name) => Named.Find(Kinds, kind => kind.Name, name, "generator");
}
