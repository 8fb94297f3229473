using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// A folder as the Hugging Face hub has it: <c>model.safetensors</c> with the names of the reference networks, <c>config.json</c>, and
/// <c>README.md</c>, the card that says what the model was made from.
/// </summary>
internal static class HubFolder
{
    /// <summary>Name of the weights.</summary>
    public const string ModelName = "model.safetensors";

    /// <summary>Name of what they are for.</summary>
    public const string ConfigName = "config.json";

    /// <summary>Of the configuration: what kind of model it is, behind <see cref="TypeStart"/>.</summary>
    public const string TypeKey = "model_type";

    /// <summary>Says whose model it is.</summary>
    public const string TypeStart = "dpt-";

    /// <summary>What a card says of the files.</summary>
    public const string Files = "## Files\n\n"
        + "* `model.safetensors`: float32 weights under the names of the reference network.\n"
        + "* `config.json`: sizes, and what else the network is made from.\n\n";

    /// <summary>Writes the files into a folder that is there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="saveWeights">Writes the weights to a path.</param>
    /// <param name="config">What they are for.</param>
    /// <param name="card">The card.</param>
    public static void Fill(string folder, Action<string> saveWeights, JsonObject config, string card)
    {
        saveWeights(Path.Combine(folder, ModelName));
        AtomicFile.WriteText(Path.Combine(folder, ConfigName), config.ToJsonString(JsonFiles.Options) + "\n");
        AtomicFile.WriteText(Path.Combine(folder, "README.md"), card);
    }

    /// <summary>What a model says of itself, and the names that the hub looks for.</summary>
    /// <param name="kind">Kind of the model.</param>
    /// <param name="description">What it says.</param>
    public static JsonObject Config(string kind, JsonObject description)
    {
        var config = new JsonObject { [TypeKey] = TypeStart + kind };
        if (description["classNames"] is JsonArray list)
        {
            string[] names = [.. list.Select(name => (string?)name ?? "")];
            config["id2label"] = new JsonObject(
                names.Select((name, id) => KeyValuePair.Create<string, JsonNode?>(id.ToString(CultureInfo.InvariantCulture), name)));
            config["label2id"] = new JsonObject(names.Select((name, id) => KeyValuePair.Create<string, JsonNode?>(name, id)));
        }

        foreach (var (name, value) in description)
        {
            config[name] = value?.DeepClone();
        }

        return config;
    }

    /// <summary>The first lines of a card's head, in YAML.</summary>
    /// <param name="licence">The licence, as the hub names it.</param>
    /// <param name="task">What the model does, as the hub names it.</param>
    public static string Head(string licence, string task) =>
        $"---\nlicense: {Quoted(licence)}\nlibrary_name: dpt-engine\npipeline_tag: {task}\n";

    /// <summary>A text in YAML, of which JSON's texts are a part.</summary>
    public static string Quoted(string text) => JsonSerializer.Serialize(text);
}
