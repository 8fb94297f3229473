using System.Text.Json;
using System.Text.Json.Serialization;

namespace DPT.Engine.Cli;

/// <summary>How results look as JSON: camel case, indented, numbers as numbers.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        WriteIndented = true,
    };

    /// <summary>The value as JSON.</summary>
    public static string Of<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>Named values as one object.</summary>
    public static string OfNamed(IEnumerable<NamedValue> values) => Of(values.ToDictionary(v => v.Name, v => v.Value));
}
