using System.Text.Json;
using System.Text.Json.Nodes;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// Weights in a file that says what they are for: a JSON object on one line, under the kind of model in the metadata. Such a file needs
/// neither a run folder nor the data that the model was trained on.
/// </summary>
internal static class DescribedWeights
{
    /// <summary>The kind of weights that are of no network of ours.</summary>
    public const string Probe = "probe";

    private static readonly JsonSerializerOptions _oneLine = new(JsonFiles.Options) { WriteIndented = false };

    /// <summary>Writes weights with what they are for; the file appears whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">Kind of the model: <c>classifier</c>, <c>generator</c>.</param>
    /// <param name="store">The weights.</param>
    /// <param name="description">What they are for.</param>
    public static void Save<T>(string path, string kind, ParameterStore store, T description) =>
        Save(path, kind, store.Export(store.Values), description);

    /// <summary>The same with tensors of no store.</summary>
    public static void Save<T>(
        string path, string kind, IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)> tensors, T description) => StateDict.Save(
        path, tensors, new Dictionary<string, string> { [kind] = JsonSerializer.Serialize(description, _oneLine) });

    /// <summary>Reads a model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">Kind of the model.</param>
    /// <param name="create">Makes it of what it is for and the weights; it throws where these contradict each other.</param>
    /// <exception cref="DptException">
    /// Environment: the file cannot be read. Check: it is damaged, or an earlier version wrote it, which did not say what it is for.
    /// </exception>
    public static TModel Open<TDescription, TModel>(
        string path, string kind, Func<TDescription, Dictionary<string, (TensorShape Shape, float[] Values)>, TModel> create)
    {
        try
        {
            return create(Describe<TDescription>(path, kind), StateDict.Load(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot read '{path}': {error.Message}", error);
        }
        catch (Exception error) when (error is InvalidDataException or JsonException or ArgumentException or DptException)
        {
            throw new DptException(FailureKind.Check, $"'{path}' is no {kind} that can be used: {OneLine.Of(error.Message)}", error);
        }
    }

    /// <summary>Throws before memory is taken for a network: a file cannot ask for more than it brings.</summary>
    /// <param name="depth">Blocks that it is said to have.</param>
    /// <param name="weights">What the file brings.</param>
    /// <exception cref="InvalidDataException">There are fewer tensors than blocks.</exception>
    public static void RequireDepth(int depth, Dictionary<string, (TensorShape Shape, float[] Values)> weights)
    {
        if (depth > weights.Count)
        {
            throw new InvalidDataException($"it has {weights.Count} tensors for {depth} blocks");
        }
    }

    /// <summary>Whether images can be of such a form and have such classes.</summary>
    public static bool IsForm(int channels, int imageSize, IReadOnlyList<string> classNames) =>
        channels is 1 or 3
        && imageSize >= 1
        && classNames.Count >= 2
        && classNames.Distinct().Count(name => name is not null) == classNames.Count;

    /// <summary>Whether a file says that it is a model of that kind. Damage is the affair of who reads it.</summary>
    public static bool IsOf(string path, string kind)
    {
        try
        {
            using var reader = new SafeTensorsReader(path);
            return reader.Metadata.ContainsKey(kind);
        }
        catch (Exception damage) when (damage is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>What weights say of themselves.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">Kind of the model.</param>
    /// <exception cref="InvalidDataException">They say nothing.</exception>
    public static JsonObject Describe(string path, string kind) => Describe<JsonObject>(path, kind);

    private static T Describe<T>(string path, string kind)
    {
        using var reader = new SafeTensorsReader(path);
        if (!reader.Metadata.TryGetValue(kind, out var text))
        {
            if (reader.Metadata.ContainsKey(Probe))
            {
                throw new InvalidDataException($"it is a {Probe}, a regression on the features of a frozen network, which `dpt predict` works with");
            }

            throw new InvalidDataException(
                "it does not say what it is for, as files of this version do; `dpt run --resume DIR --overwrite` makes it anew");
        }

        return JsonSerializer.Deserialize<T>(text, _oneLine) ?? throw new InvalidDataException("it describes nothing");
    }
}
