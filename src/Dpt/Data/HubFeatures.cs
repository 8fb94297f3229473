using System.Text.Json;

namespace DPT.Engine.Dpt;

/// <summary>What the Hugging Face hub notes of the columns of a Parquet file: <c>info.features.COLUMN.names</c> are names of classes.</summary>
internal static class HubFeatures
{
    private const string NoteName = "huggingface";
    private const int DeepestNesting = 32;

    /// <summary>Names of the classes of a column, in the order of their numbers; null where nothing says them.</summary>
    /// <exception cref="InvalidDataException">The note is none of the hub, or says other names than classes have.</exception>
    public static string[]? ClassNames(ParquetFile file, string column)
    {
        if (file.Note(NoteName) is not { } note)
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(note, new JsonDocumentOptions { MaxDepth = DeepestNesting, AllowDuplicateProperties = false });
            var feature = json.RootElement.GetProperty("info").GetProperty("features").GetProperty(column);
            return feature.TryGetProperty("names", out var names)
                ? Checked([.. names.EnumerateArray().Select(name => name.GetString() ?? "")])
                : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException($"its note '{NoteName}' does not say what '{column}' is: {OneLine.Of(error.Message)}", error);
        }
    }

    private static string[] Checked(string[] names) =>
        names.Length is > 1 and <= NumberedClasses.MostClasses && !names.Contains("") && names.Distinct(StringComparer.Ordinal).Count() == names.Length
            ? names
            : throw new InvalidDataException($"its note '{NoteName}' names {names.Length} classes; 2 to {NumberedClasses.MostClasses} different names are asked for");
}
