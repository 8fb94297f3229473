using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>The autoencoder of <see cref="AutoencoderWeights"/> as <c>dpt import</c> makes a folder of it.</summary>
internal static class AutoencoderFolder
{
    /// <summary>Makes the folder; returns its path.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="device">Where the network is for that.</param>
    /// <param name="change">Of the weights, for another autoencoder.</param>
    public static string Make(TemporaryFolder folder, Device device, Action<Dictionary<string, (TensorShape Shape, float[] Values)>>? change = null)
    {
        var (file, path) = (folder[$"{Guid.NewGuid():n}.safetensors"], folder[$"autoencoder-{Guid.NewGuid():n}"]);
        var weights = AutoencoderWeights.Official();
        change?.Invoke(weights);
        StateDict.Save(file, weights);
        var options = new ForeignNetworkOptions(file, Part: null, "autoencoder", Heads: null);
        using var network = ForeignNetwork.Open(device, options);
        ImportedFolder.Save(network, options, path, "unknown");
        return path;
    }
}
