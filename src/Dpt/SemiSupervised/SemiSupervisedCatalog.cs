using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>An algorithm that settings can choose.</summary>
/// <param name="Name">The name by which <c>stage1.algorithm</c> and <c>stage3.algorithm</c> choose it.</param>
/// <param name="Description">One line for people.</param>
/// <param name="Create">Makes one for a number of classes, at the start of a training.</param>
public sealed record SemiSupervisedKind(
    string Name, string Description, Func<Device, SemiSupervisedOptions, int, ISemiSupervised> Create);

/// <summary>All semi-supervised algorithms by name. A new one is a file and a line here; from outside it is added.</summary>
public static class SemiSupervisedCatalog
{
    private static readonly List<SemiSupervisedKind> All =
    [
        new("freematch", "thresholds that follow the model, class by class, and a fairness term (Wang et al. 2023)",
            (device, options, classes) => new FreeMatch(device, options, classes)),
        new("fixmatch", "one fixed threshold for all classes (Sohn et al. 2020)",
            (device, options, classes) => new FixMatch(device, options, classes)),
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
