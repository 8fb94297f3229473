using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>The tensors of a file of PyTorch, named by the way to them: <c>target_encoder.blocks.0.attn.qkv.weight</c>.</summary>
internal static class TorchWeights
{
    /// <summary>How many bytes all tensors may have for each byte of the file: several may look at one storage, and repeat it.</summary>
    private const long MostViews = 4;

    /// <summary>Reads those tensors that a name chooses.</summary>
    /// <param name="stream">The file; it can seek.</param>
    /// <param name="choose">The name that a tensor gets; null for none.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or has what is no data.</exception>
    public static Dictionary<string, WeightTensor> Read(Stream stream, Func<string, string?> choose)
    {
        using var archive = TorchArchive.Open(stream);
        var chosen = new Dictionary<string, TorchTensor>(StringComparer.Ordinal);
        foreach (var (path, tensor) in Tensors(archive.Value, ""))
        {
            if (choose(path) is { } name && !chosen.TryAdd(name, tensor))
            {
                throw new InvalidDataException($"it has two tensors '{OneLine.Start(name)}'");
            }
        }

        RequireReasonable(chosen.Values, stream.Length);
        var read = new Dictionary<string, WeightTensor>(StringComparer.Ordinal);
        foreach (var views in chosen.GroupBy(item => item.Value.Storage))
        {
            var elements = Elements(archive, views.Key);
            foreach (var (name, view) in views)
            {
                read[name] = new WeightTensor(view.Shape, view.Gather(elements));
            }
        }

        return read;
    }

    private static float[] Elements(TorchArchive archive, TorchStorage storage) =>
        ElementTypes.ToFloats(storage.Type, archive.Read(storage).AsSpan(0, (int)storage.Bytes));

    private static void RequireReasonable(IEnumerable<TorchTensor> tensors, long fileBytes)
    {
        var bytes = tensors.Sum(tensor => (decimal)tensor.Count * ElementTypes.BytesOf(tensor.Storage.Type)!.Value);
        if (bytes > MostViews * (decimal)fileBytes)
        {
            throw new InvalidDataException($"its tensors have {bytes} bytes, more than {MostViews} times those of the file: they repeat what they have");
        }
    }

    /// <summary>The tensors in a value. A module's own are named as PyTorch names them, without the dictionaries between.</summary>
    private static IEnumerable<(string Path, TorchTensor Tensor)> Tensors(object? value, string path) => value switch
    {
        TorchTensor tensor => [(path, tensor)],
        TorchModule module => module.Values.SelectMany(part => Tensors(part, path)),
        _ => PickleGraph.Parts(value)
            .Zip(Keys(value))
            .Where(part => part.First is TorchTensor || PickleGraph.IsContainer(part.First))
            .SelectMany(part => Tensors(part.First, FormattableString.Invariant($"{path}{(path.Length == 0 ? "" : ".")}{part.Second}"))),
    };

    private static IEnumerable<object> Keys(object? value) =>
        value is PickleDictionary dictionary ? dictionary.Keys : Enumerable.Range(0, int.MaxValue).Cast<object>();
}
