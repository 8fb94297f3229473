using System.Reflection;
using System.Text.Json;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>A value given as text for a key, and where: <c>--seed</c>, <c>--set</c>, <c>DPT_SEED</c>.</summary>
internal readonly record struct Assignment(string Key, string Value, string Origin);

/// <summary>
/// Puts the layers of the configuration on each other: embedded defaults, plan, preset, file, environment, flags. The last
/// one that speaks wins, and is remembered as the origin of the value.
/// </summary>
internal static class ConfigLoader
{
    /// <summary>The preset of a run that names none.</summary>
    public const string DefaultPreset = "digits";

    private static readonly JsonDocumentOptions Lenient = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
        MaxDepth = 8,
    };

    /// <summary>Names of the embedded presets.</summary>
    public static IReadOnlyList<string> Presets { get; } =
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(n => n.StartsWith("presets/", StringComparison.Ordinal))
            .Select(n => Path.GetFileNameWithoutExtension(n["presets/".Length..]))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The defaults alone, as help shows them.</summary>
    /// <param name="plan">The plan whose settings will be put on them; null for none.</param>
    public static ResolvedConfig Defaults(RunPlan? plan = null)
    {
        var config = new ResolvedConfig { Plan = plan };
        ReadJson(config, () => Resource("defaults.json"), "default");
        return config;
    }

    /// <summary>Resolves a run's configuration.</summary>
    /// <param name="preset">Name of a preset; null takes <see cref="DefaultPreset"/>.</param>
    /// <param name="file">A JSON file with settings, nested or with dots; null for none.</param>
    /// <param name="environment">The environment.</param>
    /// <param name="flags">What the command line says, in its order.</param>
    /// <param name="plan">Settings planned for the data, the machine and a budget; null for none.</param>
    /// <exception cref="DptException">A name is unknown, a value is outside its limits, or a file is unreadable.</exception>
    public static ResolvedConfig Load(
        string? preset,
        string? file,
        IReadOnlyDictionary<string, string> environment,
        IEnumerable<Assignment> flags,
        PlanLayer? plan = null)
    {
        var config = Defaults(plan?.Plan);
        config.Apply(plan?.Assignments ?? []);
        preset ??= DefaultPreset;
        if (!Presets.Contains(preset))
        {
            throw new DptException(
                FailureKind.Usage,
                $"--preset: there is no preset '{preset}'"
                + (NearestName.Of(preset, Presets) is { } near
                    ? $"; did you mean '{near}'?"
                    : $"; there are {string.Join(", ", Presets)}"));
        }

        ReadJson(config, () => Resource($"presets/{preset}.json"), $"preset {preset}");
        if (file is not null)
        {
            ReadJson(config, () => ReadFile(file), $"file {file}");
        }

        config.Apply(EnvironmentLayer.Read(environment));
        config.Apply(flags);
        return config;
    }

    /// <summary>
    /// The configuration of an existing run. Only flags may change it: an environment or a default that is different
    /// today must not turn the rest of a run into something else.
    /// </summary>
    /// <exception cref="DptException">The file is missing or damaged, or a flag is wrong.</exception>
    public static ResolvedConfig Resume(string resolvedFile, IEnumerable<Assignment> flags)
    {
        var config = Defaults();
        config.ReadResolved(() => ReadFile(resolvedFile), resolvedFile, Lenient);
        config.Apply(flags);
        return config;
    }

    private static void ReadJson(ResolvedConfig config, Func<string> read, string origin)
    {
        try
        {
            using var document = JsonDocument.Parse(read(), Lenient);
            config.Apply(document.RootElement, origin);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            throw new DptException(FailureKind.Usage, $"{origin}: not valid JSON: {e.Message}", e);
        }
    }

    private static string ReadFile(string path)
    {
        try
        {
            return RegularFile.ReadText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot read '{path}': {e.Message}", e);
        }
    }

    private static string Resource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the program lacks its resource '{name}'");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
