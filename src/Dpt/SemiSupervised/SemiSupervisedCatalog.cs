using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>An algorithm that settings can choose.</summary>
/// <param name="Name">The name by which <c>stage1.algorithm</c> and <c>stage3.algorithm</c> choose it.</param>
/// <param name="Description">One line for people.</param>
/// <param name="Create">Makes one for unlabelled images, at the start of a training.</param>
public sealed record SemiSupervisedKind(
    string Name, string Description, Func<Device, SemiSupervisedOptions, UnlabelledImages, ISemiSupervised> Create)
{
    /// <summary>Whether it makes an <see cref="ITwoPassAlgorithm"/>: for estimates of memory.</summary>
    public bool PassesAgain { get; init; }
}

/// <summary>What an algorithm may know of the unlabelled images before it sees what a model says of them, and of the training.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="Classes">How many classes there are.</param>
/// <param name="Side">Lines, and columns, of each.</param>
/// <param name="Seed">Seed of the stage, for what an algorithm draws itself (<see cref="ITwoPassAlgorithm.Draw"/>).</param>
public readonly record struct UnlabelledImages(int Count, int Classes, int Side, ulong Seed);

/// <summary>All semi-supervised algorithms by name. A new one is a file and a line here; from outside it is added.</summary>
public static class SemiSupervisedCatalog
{
    private static readonly List<SemiSupervisedKind> All =
    [
        new("freematch", "thresholds that follow the model, class by class, and a fairness term (Wang et al. 2023)",
            (device, options, images) => new FreeMatch(device, options, images.Classes)),
        new("fixmatch", "one fixed threshold for all classes (Sohn et al. 2020)",
            (device, options, images) => new FixMatch(device, options, images.Classes)),
        new("flexmatch", "a threshold of each class that follows how many images are surely of it (Zhang et al. 2021)",
            (device, options, images) => new FlexMatch(device, options, images)),
        new("softmatch", "no threshold, but weights by how sure the model is beside its average (Chen et al. 2023)",
            (device, options, images) => new SoftMatch(device, options, images.Classes)),
        new("regmixmatch", "freematch, and a second pass through images that are mixed where the model is all but certain (Han et al. 2025)",
            (device, options, images) => new RegMixMatch(device, options, images)) { PassesAgain = true },
    ];

    /// <summary>The algorithms, the default first.</summary>
    public static IReadOnlyList<SemiSupervisedKind> Kinds => All;

    /// <summary>Adds one, so that <c>stage1.algorithm</c> and <c>stage3.algorithm</c> can name it. Before settings are read, by one thread.</summary>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    public static void Add(SemiSupervisedKind kind) => Named.Add(All, other => other.Name, kind, "algorithm");

    /// <summary>The algorithm of that name.</summary>
    /// <exception cref="DptException">There is none; the message lists those that exist.</exception>
    public static SemiSupervisedKind Find(string name) => Named.Find(Kinds, kind => kind.Name, name, "algorithm");
}
