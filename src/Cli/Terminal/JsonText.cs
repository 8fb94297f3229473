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
        RespectNullableAnnotations = true,
        WriteIndented = true,
    };

    /// <summary>The value as JSON.</summary>
    public static string Of<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>Reads what <see cref="Of"/> wrote.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public static T Read<T>(string text) =>
        JsonSerializer.Deserialize<T>(text, Options) ?? throw new JsonException("it holds null");

    /// <summary>Named values as one object.</summary>
    public static string OfNamed(IEnumerable<NamedValue> values) => Of(values.ToDictionary(v => v.Name, v => v.Value));
}
