using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>What the shapes of a network's tensors say of its sizes. Numbers of blocks are counted, so a name cannot ask for many.</summary>
/// <param name="tensors">The tensors.</param>
internal sealed class TensorShapes(IReadOnlyDictionary<string, WeightTensor> tensors)
{
    public bool Has(string name) => tensors.ContainsKey(name);

    /// <summary>The sizes of a tensor.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor, or it has another number of sizes.</exception>
    public IReadOnlyList<int> Of(string name, int rank)
    {
        if (!tensors.TryGetValue(name, out var tensor))
        {
            var tops = tensors.Keys.Select(key => key.Split('.')[0]).Distinct().Order(StringComparer.Ordinal);
            throw new InvalidDataException($"it has no '{name}'; if the network is a part of it, name the part with --key; at its top are {OneLine.Start(string.Join(", ", tops))}");
        }

        return tensor.Shape.Count == rank && tensor.Shape.All(size => size > 0)
            ? tensor.Shape
            : throw new InvalidDataException($"'{name}' is {tensor}, {rank} positive sizes are expected");
    }

    /// <summary>How many numbered parts there are below a name.</summary>
    public int Count(string list)
    {
        var start = list + ".";
        return tensors.Keys
            .Where(name => name.StartsWith(start, StringComparison.Ordinal))
            .Select(name => name[start.Length..].Split('.')[0])
            .Where(index => int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Distinct()
            .Count();
    }

    /// <summary>Hidden width of a block's MLP over the token width.</summary>
    public int MlpRatio(string block)
    {
        var shape = Of($"{block}.mlp.fc1.weight", 2);
        return shape[0] % shape[1] == 0
            ? shape[0] / shape[1]
            : throw new InvalidDataException($"an MLP of {shape[0]} for a width of {shape[1]} is not supported: it must be a multiple");
    }

    /// <summary>Side of an image of which each patch is a token.</summary>
    public int ImageSide(int extraTokens, int patch)
    {
        var patches = Of("pos_embed", 3)[1] - extraTokens;
        var grid = (int)Math.Sqrt(Math.Max(0, patches));
        return grid > 0 && grid * grid == patches
            ? checked(grid * patch)
            : throw new InvalidDataException($"'pos_embed' has {patches} patches, which are no square");
    }

    /// <summary>Throws if a tensor shows that the network was made with an option that ours does not have.</summary>
    /// <param name="options">A piece of the tensor's name, and the option.</param>
    public void RequireNone(params ReadOnlySpan<(string Piece, string Option)> options)
    {
        foreach (var (piece, option) in options)
        {
            if (tensors.Keys.FirstOrDefault(name => name.Contains(piece, StringComparison.Ordinal)) is { } name)
            {
                throw new InvalidDataException($"its '{OneLine.Start(name)}' comes of {option}, which is not supported");
            }
        }
    }
}
