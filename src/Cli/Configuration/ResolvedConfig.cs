using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>A value and where it came from: <c>default</c>, <c>preset digits</c>, <c>DPT_SEED</c>, <c>--seed</c>.</summary>
/// <param name="Value">The value.</param>
/// <param name="Origin">Where it came from.</param>
/// <param name="Typed">What was typed, if it was a relative path; the value is then absolute.</param>
internal readonly record struct ConfigValue(object? Value, string Origin, string? Typed = null)
{
    /// <summary>The value as the command line would take it.</summary>
    public string Text => Value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(Value, CultureInfo.InvariantCulture)!,
    };
}

/// <summary>Every key with its value and origin, in the order of <c>defaults.json</c>.</summary>
internal sealed class ResolvedConfig
{
    private static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
    };

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly OrderedDictionary<string, ConfigValue> _values = [];

    /// <summary>The values by key.</summary>
    public IReadOnlyDictionary<string, ConfigValue> Values => _values;

    /// <summary>The plan that some of the values are from; null if there is none.</summary>
    public RunPlan? Plan { get; init; }

    /// <summary>Applies values given as text.</summary>
    /// <exception cref="DptException">A key is unknown or a value is outside its limits.</exception>
    public void Apply(IEnumerable<Assignment> assignments)
    {
        foreach (var (name, text, origin) in assignments)
        {
            var key = ConfigKeys.Find(name, origin);
            if (!key.TryRead(text, out var value))
            {
                throw OutOfLimits(key, text, origin);
            }

            _values[name] = new ConfigValue(value, origin);
        }
    }

    /// <summary>Applies a JSON object, nested or with dots in its names, or what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="DptException">A key is unknown or a value is outside its limits.</exception>
    public void Apply(JsonElement root, string origin)
    {
        foreach (var (name, element) in Leaves(root, "", origin))
        {
            Set(name, element, origin, origin);
        }
    }

    /// <summary>
    /// The same with paths that do not depend on the current folder: a run may be continued from another one.
    /// </summary>
    public ResolvedConfig WithAbsolutePaths()
    {
        foreach (var (name, value) in _values.ToList())
        {
            if (value.Value is string typed && ConfigKeys.All[name] is TextKey key && key.Anchor(typed) is var path && path != typed)
            {
                _values[name] = value with { Value = path, Typed = typed };
            }
        }

        return this;
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="DptException">The file is damaged.</exception>
    public void ReadResolved(Func<string> read, string path, JsonDocumentOptions options)
    {
        var missing = ConfigKeys.All.Keys.ToHashSet();
        try
        {
            using var document = JsonDocument.Parse(read(), options);
            foreach (var entry in document.RootElement.EnumerateObject())
            {
                var origin = entry.Value.GetProperty("origin").GetString() ?? path;
                Set(entry.Name, entry.Value.GetProperty("value"), origin, path);
                if (entry.Value.TryGetProperty("typed", out var typed))
                {
                    _values[entry.Name] = _values[entry.Name] with { Typed = typed.GetString() };
                }

                missing.Remove(entry.Name);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or InvalidOperationException or KeyNotFoundException)
        {
            throw new DptException(
                FailureKind.Check,
                $"'{path}' is damaged: it must hold {{key: {{value, origin}}}}: {e.Message}; restore it, or start a new run",
                e);
        }

        if (missing.Count > 0)
        {
            throw new DptException(
                FailureKind.Check,
                $"'{path}' lacks {string.Join(", ", missing.Order(StringComparer.Ordinal).Take(3))}: it is damaged or of another "
                + "version of the engine; restore it, continue with that version, or start a new run");
        }
    }

    /// <summary>The content of <c>config.resolved.json</c>: <c>{key: {value, origin}}</c>.</summary>
    public string ToJson()
    {
        var root = new JsonObject();
        foreach (var (name, value) in _values)
        {
            var entry = new JsonObject { ["value"] = Node(value.Value), ["origin"] = value.Origin };
            if (value.Typed is { } typed)
            {
                entry["typed"] = typed;
            }

            root[name] = entry;
        }

        return root.ToJsonString(Indented) + "\n";
    }

    /// <summary>The typed options.</summary>
    public DptOptions ToOptions()
    {
        var root = new JsonObject();
        foreach (var (name, value) in _values)
        {
            var parts = name.Split('.');
            var parent = root;
            foreach (var part in parts[..^1])
            {
                parent = (JsonObject)(parent[part] ??= new JsonObject());
            }

            parent[parts[^1]] = Node(value.Value);
        }

        return root.Deserialize<DptOptions>(Strict)!;
    }

    private static IEnumerable<(string Name, JsonElement Value)> Leaves(
        JsonElement element, string prefix, string origin)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new DptException(
                FailureKind.Usage, $"{origin}: '{prefix.TrimEnd('.')}' must be an object with settings");
        }

        foreach (var property in element.EnumerateObject())
        {
            var name = prefix + property.Name;
            if (ConfigKeys.All.ContainsKey(name)
                && property.Value.ValueKind == JsonValueKind.Object
                && property.Value.TryGetProperty("value", out var resolved))
            {
                // A config.resolved.json, given as a file of settings.
                yield return (name, resolved);
                continue;
            }

            // An empty object where a value should be is a wrong value, not a group of no settings.
            var isGroup = (property.Value.ValueKind == JsonValueKind.Object && property.Value.EnumerateObject().Any())
                || ConfigKeys.All.Keys.Any(k => k.StartsWith(name + ".", StringComparison.Ordinal));
            if (isGroup)
            {
                foreach (var leaf in Leaves(property.Value, name + ".", origin))
                {
                    yield return leaf;
                }
            }
            else
            {
                yield return (name, property.Value);
            }
        }
    }

    internal static DptException OutOfLimits(ConfigKey key, string given, string origin) => new(
        FailureKind.Usage, $"{origin}: {key.Name} is '{OneLine.Start(given)}', it must be {key.Allowed}");

    private static JsonNode? Node(object? value) => value switch
    {
        null => null,
        int number => JsonValue.Create(number),
        double number => JsonValue.Create(number),
        bool flag => JsonValue.Create(flag),
        _ => JsonValue.Create((string)value),
    };

    private void Set(string name, JsonElement element, string origin, string place)
    {
        var key = ConfigKeys.Find(name, place);
        if (!key.TryRead(element, out var value))
        {
            throw OutOfLimits(key, element.ToString(), place);
        }

        _values[name] = new ConfigValue(value, origin);
    }
}
