using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>
/// Settings from the environment: <c>DPT_DIFFUSION__STEPS=400</c> (two underscores for the dot, case does not matter)
/// or several in <c>DPT_SET=diffusion.steps=400,seed=2</c>. The first kind beats the second.
/// </summary>
internal static class EnvironmentLayer
{
    private const string Prefix = "DPT_";

    /// <summary>Holds several assignments.</summary>
    public const string SetVariable = "DPT_SET";

    /// <summary>Variables that other parts of the engine read.</summary>
    private static readonly string[] Others =
    [
        SetVariable, HostDevice.ThreadsVariable, SimdWidths.Variable, KernelSelection.Variable, TuningCache.Variable, CudaTool.Variable,
        CubinArchive.Variable,
    ];

    private static readonly Dictionary<string, string> Names = ConfigKeys.All.Keys.ToDictionary(
        VariableOf, key => key, StringComparer.OrdinalIgnoreCase);

    /// <summary>The variable that sets a key: <c>DPT_DIFFUSION__STEPS</c>.</summary>
    public static string VariableOf(string key) => Prefix + key.Replace(".", "__").ToUpperInvariant();

    /// <summary>The assignments, weakest first.</summary>
    public static IReadOnlyList<Assignment> Read(IReadOnlyDictionary<string, string> environment)
    {
        var assignments = new List<Assignment>();
        if (environment.TryGetValue(SetVariable, out var list))
        {
            assignments.AddRange(SetSyntax.Parse(list, SetVariable));
        }

        assignments.AddRange(
            from variable in Ours(environment)
            where Names.ContainsKey(variable.Key)
            select new Assignment(Names[variable.Key], variable.Value, variable.Key));
        return assignments;
    }

    /// <summary>Refuses a misspelt variable of ours, and warns of one that nothing here reads.</summary>
    /// <param name="environment">The environment.</param>
    /// <param name="warn">Takes warnings.</param>
    /// <exception cref="DptException">A variable is nearly one of ours.</exception>
    public static void Check(IReadOnlyDictionary<string, string> environment, Action<string> warn)
    {
        var known = Names.Keys.Concat(Others).ToList();
        foreach (var (name, _) in Ours(environment).Where(v => !known.Contains(v.Key, StringComparer.OrdinalIgnoreCase)))
        {
            if (NearestName.Of(name, known) is not null || name.Contains("__"))
            {
                throw new DptException(
                    FailureKind.Usage, $"environment: nothing reads '{name}'{NearestName.Hint(name, known)}");
            }

            warn($"warning: nothing reads the environment variable '{name}'");
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Ours(IReadOnlyDictionary<string, string> environment) =>
        environment.Where(pair => pair.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            .OrderBy(pair => pair.Key, StringComparer.Ordinal);
}
