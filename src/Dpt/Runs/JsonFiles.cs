using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>The one way in which JSON files of a run are written and read.</summary>
public static class JsonFiles
{
    /// <summary>Camel case, indented, missing values left out, every required property demanded.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        // Text goes to files, not into web pages: plus signs and umlauts stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>What <see cref="Save"/> writes, without the end of the last line.</summary>
    public static string Text<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>Writes a file that appears whole or not at all.</summary>
    public static void Save<T>(string path, T value) => AtomicFile.WriteText(path, Text(value) + "\n");

    /// <summary>Throws if a file says that it is of another schema. Damage, or that there is none, is the affair of who reads it.</summary>
    /// <param name="path">A JSON file.</param>
    /// <param name="present">The schema that this engine writes.</param>
    /// <param name="advice">What to do.</param>
    /// <exception cref="DptException">Check.</exception>
    public static void RequireSchema(string path, int present, string advice)
    {
        try
        {
            using var json = JsonDocument.Parse(RegularFile.ReadText(path));
            if (json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("schema", out var schema)
                && schema.TryGetInt32(out var number)
                && number != present)
            {
                throw new DptException(
                    FailureKind.Check, $"'{path}' is of schema {number}, this engine writes {present}: {advice}");
            }
        }
        catch (Exception damage) when (damage is JsonException or InvalidOperationException or InvalidDataException or IOException)
        {
        }
    }

    /// <summary>Reads a file that <see cref="Save"/> wrote.</summary>
    /// <exception cref="DptException">Environment: it is missing. Check: it is damaged.</exception>
    public static T Load<T>(string path)
    {
        if (!File.Exists(path))
        {
            throw new DptException(FailureKind.Environment, $"the file '{path}' does not exist");
        }

        return DataFile.Read(path, stream =>
        {
            try
            {
                return JsonSerializer.Deserialize<T>(stream, Options) ?? throw new InvalidDataException("it holds nothing");
            }
            catch (JsonException error)
            {
                throw new InvalidDataException(error.Message, error);
            }
        });
    }
}
