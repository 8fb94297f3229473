using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Features of a vision transformer in a folder of <c>dpt import --as vit</c>: the class token after the last block, before the final norm,
/// which is what the official probe is given (spec 2.3), in fp32 on a device of any precision: the official features are so in runs of half
/// precision too, and who keeps them need not know of what run they are.
/// </summary>
internal sealed class TransformerFeatures : IFrozenFeatures
{
    private const int Batch = 16;

    private readonly Device _device;
    private readonly ForeignNetwork _network;
    private readonly string _folder;
    private readonly ForeignDescription _sizes;
    private readonly int _side;
    private readonly FrozenInput _frozen;

    private TransformerFeatures(Device device, ForeignNetwork network, FeatureRecipe recipe, string hash)
    {
        (_device, _network, _folder, _sizes) = (device, network, recipe.Network, network.Describe());
        var scale = PixelScale.Find(recipe.Scale);
        _side = _sizes.ImageSize ?? throw new InvalidDataException("a transformer has images of one size");
        _frozen = new FrozenInput(_sizes.Channels, _side, scale);
        Name = $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(_folder)))} ({hash[..8]}), {_sizes.Network.Heads} heads, class token before the final norm:"
            + $" {Width} numbers of {_side} x {_side} pixels, {scale.Name}";
        Usage.Require(recipe.Side is null || recipe.Side == _side, $"'{_folder}' takes images of {_side} x {_side} pixels, {recipe.Side} are asked for; `dpt import --image-size` changes it");
        Usage.Require(recipe is { Output: null, ClassOutput: null }, $"'{_folder}' has one output; names of outputs go with ONNX files");
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Width => _sizes.Network.Width;

    /// <summary>Opens the network of a folder.</summary>
    /// <param name="recipe">Which, and how it wants images.</param>
    /// <param name="images">What images will be given.</param>
    /// <param name="device">Where it computes.</param>
    /// <exception cref="DptException">
    /// Usage: the network is none that gives features, or the recipe does not fit it. Environment: the folder is none of <c>dpt import</c>.
    /// Check: it is damaged.
    /// </exception>
    public static TransformerFeatures Open(FeatureRecipe recipe, ImageForm images, Device device)
    {
        var found = ImportedFolder.Find(recipe.Network);
        Usage.Require(found.Model == ForeignNetwork.Vit, $"'{recipe.Network}' holds a {found.Model}; features come from a {ForeignNetwork.Vit}");
        var hash = DataFile.Worded(found.Weights, () => FileHash.Of(found.Weights));
        var network = ForeignNetwork.Open(device, found with { Features = true });
        try
        {
            var features = new TransformerFeatures(device, network, recipe, hash);
            features.RequireColour(images.Channels);
            return features;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public float[] Features(ImageDataset images, CancellationToken stop)
    {
        RequireColour(images.Channels);
        var results = new float[(long)images.Count * Width];
        for (var start = 0; start < images.Count; start += Batch)
        {
            stop.ThrowIfCancellationRequested();
            var count = Math.Min(Batch, images.Count - start);
            var pixels = new float[count * _frozen.Length];
            _frozen.Fill(images, start, count, pixels);
            InFp32(new NpyArray<float>([count, _sizes.Channels, _side, _side], pixels)).CopyTo(results, start * Width);
        }

        return results;
    }

    /// <inheritdoc/>
    public float[]? Probabilities(ImageDataset images, CancellationToken stop) => null;

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();

    private float[] InFp32(NpyArray<float> batch)
    {
        var precision = _device.Precision;
        _device.Precision = Precision.Fp32;
        try
        {
            return _network.Forward(new NetworkInput(batch)).Values;
        }
        finally
        {
            _device.Precision = precision;
        }
    }

    private void RequireColour(int channels) =>
        Usage.Require(!_frozen.IsTooColourful(channels), $"'{_folder}' takes grey images, these are in colour");
}
