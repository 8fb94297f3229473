using System.Text.Json;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>The tensors of safetensors files of other tools, of any type of element.</summary>
internal static class SafeTensorsWeights
{
    private const string MapName = "weight_map";

    /// <summary>Reads those tensors that a name chooses.</summary>
    /// <param name="path">A file.</param>
    /// <param name="choose">The name that a tensor gets; null for none.</param>
    public static Dictionary<string, WeightTensor> Read(string path, Func<string, string?> choose)
    {
        var tensors = new Dictionary<string, WeightTensor>(StringComparer.Ordinal);
        AddFile(tensors, path, choose, expected: null);
        return tensors;
    }

    /// <summary>The same of several files beside an index, which says of each tensor in which file it is.</summary>
    /// <param name="path">The index.</param>
    /// <param name="choose">The name that a tensor gets; null for none.</param>
    public static Dictionary<string, WeightTensor> ReadIndexed(string path, Func<string, string?> choose)
    {
        var map = DataFile.ReadText(path, ParseIndex);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var tensors = new Dictionary<string, WeightTensor>(StringComparer.Ordinal);
        foreach (var file in map.GroupBy(item => item.Value, item => item.Key))
        {
            AddFile(tensors, Path.Combine(folder, file.Key), choose, [.. file]);
        }

        return tensors;
    }

    private static void AddFile(
        Dictionary<string, WeightTensor> tensors, string path, Func<string, string?> choose, IReadOnlyCollection<string>? expected)
    {
        DataFile.Worded(path, () =>
        {
            try
            {
                Add(tensors, path, choose, expected);
                return true;
            }
            catch (InvalidDataException error)
            {
                // Its message names the file.
                throw new DptException(FailureKind.Check, error.Message, error);
            }
        });
    }

    private static void Add(
        Dictionary<string, WeightTensor> tensors, string path, Func<string, string?> choose, IReadOnlyCollection<string>? expected)
    {
        using var reader = new SafeTensorsReader(path);
        if (expected?.FirstOrDefault(name => !reader.Entries.ContainsKey(name)) is { } missing)
        {
            throw new InvalidDataException($"'{path}' lacks '{OneLine.Start(missing)}', which the index says it has");
        }

        foreach (var (key, entry) in reader.Entries)
        {
            if (choose(key) is { } name && !tensors.TryAdd(name, Tensor(reader, key, entry)))
            {
                throw new InvalidDataException($"'{path}' has a second tensor '{OneLine.Start(name)}'");
            }
        }
    }

    private static WeightTensor Tensor(SafeTensorsReader reader, string name, SafeTensorsEntry entry) =>
        entry.Shape.All(size => size <= int.MaxValue)
            ? new WeightTensor([.. entry.Shape.Select(size => (int)size)], reader.ReadAsFloats(name))
            : throw new InvalidDataException($"tensor '{OneLine.Start(name)}' has a size above {int.MaxValue}");

    private static Dictionary<string, string> ParseIndex(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            return json.RootElement.GetProperty(MapName).EnumerateObject().ToDictionary(item => item.Name, item => FileName(item.Value.GetString()));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException($"it is no index of safetensors: {OneLine.Of(error.Message)}", error);
        }
    }

    /// <summary>An index names files beside it, and nothing elsewhere.</summary>
    private static string FileName(string? name) => name is not null && name == Path.GetFileName(name) && !name.Contains('\\') && name is not ("" or "." or "..")
        ? name
        : throw new InvalidDataException($"it names the file '{OneLine.Start(name ?? "")}', which is not beside it");
}
