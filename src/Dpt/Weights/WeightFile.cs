namespace DPT.Engine.Dpt;

/// <summary>
/// Weights that other tools have made: files of PyTorch's <c>torch.save</c> (any name; the archive of 1.6 and later, and the layout
/// before), pickles of PyTorch's modules, as EDM's, <c>.safetensors</c>, and <c>.index.json</c> of safetensors in several files. Nothing in a file is run, and no size in it is
/// believed before the bytes are seen.
/// </summary>
public static class WeightFile
{
    /// <summary>Added to names by PyTorch's data-parallel training, anywhere in them.</summary>
    private const string ModulePart = "module.";

    /// <summary>
    /// Reads the tensors, named by the way to them through dictionaries and lists, without <c>module.</c>: for instance
    /// <c>target_encoder.blocks.0.attn.qkv.weight</c>. Other values are passed by.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="part">Which part is wanted: <c>target_encoder</c>, which the names then do not have; null for all.</param>
    /// <exception cref="DptException">
    /// Environment: the file cannot be read. Check: it is damaged, asks for what is no data, or has no such part.
    /// </exception>
    public static IReadOnlyDictionary<string, WeightTensor> Read(string path, string? part = null)
    {
        var tops = new SortedSet<string>(StringComparer.Ordinal);
        var tensors = Read(path, name =>
        {
            tops.Add(name.Split('.')[0]);
            return Choose(name, part);
        });
        return tensors.Count > 0
            ? tensors
            : throw DataFile.Corrupt(path, part is null
                ? "it has no tensors"
                : $"it has no tensors in '{part}'; at its top it has {OneLine.Start(string.Join(", ", tops))}");
    }

    private static Dictionary<string, WeightTensor> Read(string path, Func<string, string?> choose) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".safetensors" => SafeTensorsWeights.Read(path, choose),
        ".json" => SafeTensorsWeights.ReadIndexed(path, choose),
        _ => DataFile.ReadSeekable(path, stream => TorchWeights.Read(stream, choose)),
    };

    private static string? Choose(string name, string? part)
    {
        var start = part is null ? "" : part + ".";
        return name.StartsWith(start, StringComparison.Ordinal)
            ? name[start.Length..].Replace(ModulePart, "", StringComparison.Ordinal)
            : null;
    }
}
