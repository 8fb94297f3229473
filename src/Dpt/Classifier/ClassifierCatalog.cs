using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>A classifier that settings can choose.</summary>
/// <param name="Name">The name by which <c>classifier.network</c> chooses it.</param>
/// <param name="Description">One line for people.</param>
/// <param name="Require">Throws, as usage, what its settings cannot be for images of a form.</param>
/// <param name="Create">Registers its parameters in a store that is not initialised yet.</param>
/// <param name="Footprint">What an image takes in it.</param>
public sealed record ClassifierKind(
    string Name,
    string Description,
    Action<ClassifierOptions, ImageForm> Require,
    Func<ParameterStore, ClassifierOptions, ImageForm, IClassifier> Create,
    Func<ClassifierOptions, ImageForm, NetworkFootprint> Footprint);

/// <summary>All classifiers by name. A new one is a file and a line here; from outside it is added.</summary>
public static class ClassifierCatalog
{
    private static readonly List<ClassifierKind> All =
    [
        new("vit", "vision transformer with a class token",
            VisionTransformer.Require, (store, options, form) => new VisionTransformer(store, options, form), VisionTransformer.Footprint),
        new("resnet", "residual network of 3x3 convolutions",
            ResidualNetwork.Require, (store, options, form) => new ResidualNetwork(store, options, form), ResidualNetwork.Footprint),
        new("wrn", "wide residual network with batch norm, as in FreeMatch",
            WideResNet.Require, (store, options, form) => new WideResNet(store, options, form), WideResNet.Footprint),
    ];

    /// <summary>The classifiers, the default first.</summary>
    public static IReadOnlyList<ClassifierKind> Kinds => All;

    /// <summary>Adds one, so that <c>classifier.network</c> can name it. Before settings are read, by one thread.</summary>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    public static void Add(ClassifierKind kind) => Named.Add(All, other => other.Name, kind, "classifier");

    /// <summary>The classifier of that name.</summary>
    /// <exception cref="DptException">There is none; the message lists those that exist.</exception>
    public static ClassifierKind Find(string name) => Named.Find(Kinds, kind => kind.Name, name, "classifier");
}
