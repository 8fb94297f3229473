using DPT.Engine.Dpt;

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

    private static readonly Dictionary<string, string> Names = ConfigKeys.All.Keys.ToDictionary(
        VariableOf, key => key, StringComparer.OrdinalIgnoreCase);

    /// <summary>The variable that sets a key: <c>DPT_DIFFUSION__STEPS</c>.</summary>
    public static string VariableOf(string key) => Prefix + key.Replace(".", "__").ToUpperInvariant();

    /// <summary>The assignments, weakest first.</summary>
    /// <exception cref="DptException">A variable looks like a setting but is none.</exception>
    public static IReadOnlyList<Assignment> Read(IReadOnlyDictionary<string, string> environment)
    {
        var assignments = new List<Assignment>();
        if (environment.TryGetValue(SetVariable, out var list))
        {
            assignments.AddRange(SetSyntax.Parse(list, SetVariable));
        }

        var ours = environment.Where(pair => pair.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase));
        foreach (var (name, value) in ours.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (Names.TryGetValue(name, out var key))
            {
                assignments.Add(new Assignment(key, value, name));
            }
            else if (name.Contains("__"))
            {
                // Other parts of the engine have variables of their own, but none with two underscores.
                throw new DptException(
                    FailureKind.Usage,
                    $"environment: '{name}' is not a setting{NearestName.Hint(name, Names.Keys)}");
            }
        }

        return assignments;
    }
}
