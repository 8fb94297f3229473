using System.Text.Json;
using System.Text.Json.Nodes;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// A network of another tool in a folder of ours: <c>model.safetensors</c> with the official names, <c>config.json</c> with the sizes,
/// those too that weights do not tell, and a card.
/// </summary>
public static class ImportedFolder
{
    /// <summary>Makes the folder; it appears whole or not at all.</summary>
    /// <param name="network">The network.</param>
    /// <param name="origin">The file that it was opened from.</param>
    /// <param name="path">The folder, which is not there yet, in one that is.</param>
    /// <param name="licence">Of the weights, as the hub names it.</param>
    /// <exception cref="DptException">Environment: the folder is there already, or cannot be written.</exception>
    public static void Save(ForeignNetwork network, ForeignNetworkOptions origin, string path, string licence) =>
        Save(network, origin.Model, path, Card(network, origin, licence));

    /// <summary>The same with a card of the caller's, and with files of its own.</summary>
    /// <param name="network">The network.</param>
    /// <param name="model">Which of <see cref="ForeignNetwork.Models"/> it is.</param>
    /// <param name="path">The folder.</param>
    /// <param name="card">The card.</param>
    /// <param name="files">Files to copy into the folder.</param>
    internal static void Save(ForeignNetwork network, string model, string path, string card, params IReadOnlyList<string> files)
    {
        var description = (JsonObject)JsonSerializer.SerializeToNode(network.Describe(), JsonFiles.Options)!;
        try
        {
            AtomicFolder.Create(path, folder =>
            {
                HubFolder.Fill(folder, weights => StateDict.Save(weights, network.Export()), HubFolder.Config(model, description), card);
                foreach (var file in files)
                {
                    File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
                }
            });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write '{path}': {error.Message}", error);
        }
    }

    /// <summary>Which network is in such a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="DptException">Environment: it has no such files. Check: its <c>config.json</c> is damaged, or of another kind of model.</exception>
    public static ForeignNetworkOptions Find(string path)
    {
        var (model, description) = DataFile.ReadText(Path.Combine(path, HubFolder.ConfigName), Parse);
        return new ForeignNetworkOptions(
            Path.Combine(path, HubFolder.ModelName),
            Part: null,
            model,
            description.Network.Heads,
            Features: model == ForeignNetwork.Vit && description.Classes == 0);
    }

    private static (string Model, ForeignDescription Description) Parse(string text)
    {
        try
        {
            var config = JsonNode.Parse(text) as JsonObject ?? throw new InvalidDataException("it is no JSON object");
            var type = (string?)config[HubFolder.TypeKey];
            return ForeignNetwork.Models.FirstOrDefault(model => type == HubFolder.TypeStart + model) is { } model
                ? (model, config.Deserialize<ForeignDescription>(JsonFiles.Options)!)
                : throw new InvalidDataException($"its {HubFolder.TypeKey} is '{OneLine.Start(type ?? "")}', `dpt import` makes others");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"it does not say what the network is: {OneLine.Of(error.Message)}", error);
        }
    }

    private static string Card(ForeignNetwork network, ForeignNetworkOptions origin, string licence)
    {
        var (file, part) = (Code(Path.GetFileName(origin.Weights)), origin.Part is null ? "" : $", part {Code(origin.Part)}");
        return HubFolder.Head(licence, network.Task) + "---\n\n"
            + $"# {file}\n\n{network.Description}.\n\nMade by `dpt import` of DPT.Engine from {file}{part}: {network.Fit.Summary}."
            + (origin.ImageSize is { } side ? $" Positions were interpolated for images of {side} pixels (bicubic, corners not aligned).\n\n" : "\n\n")
            + HubFolder.Files
            + "`dpt forward --weights DIR` and `dpt grad --weights DIR` compute with it, `dpt generate --weights DIR` draws with a U-ViT.\n";
    }

    private static string Code(string text) => $"`{OneLine.Of(text).Replace('`', '\'')}`";
}
