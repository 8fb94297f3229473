using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>How the tensors of a file fit those of a network, its parameters and what it keeps beside them.</summary>
/// <param name="Matched">How many have the name and the shape of one of the network's.</param>
/// <param name="Missing">Tensors of the network that the file does not have.</param>
/// <param name="Unexpected">Tensors that the network does not have.</param>
/// <param name="Misshaped">Tensors of another shape than the network's, with both shapes.</param>
public sealed record WeightFit(
    int Matched, IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected, IReadOnlyList<string> Misshaped)
{
    private const int Shown = 3;

    /// <summary>Whether all tensors match and none is missing.</summary>
    public bool IsWhole => Missing.Count + Unexpected.Count + Misshaped.Count == 0;

    /// <summary>The numbers in one line, with the first names of what does not fit.</summary>
    public string Summary => $"{Matched} tensors match, {Some(Missing, "missing")}, {Some(Unexpected, "unexpected")}, {Some(Misshaped, "of another shape")}";

    /// <summary>Compares the tensors of a file with those that a network has.</summary>
    internal static WeightFit Of(IReadOnlyList<(string Name, TensorShape Shape)> own, IReadOnlyDictionary<string, WeightTensor> tensors)
    {
        var there = own.Where(tensor => tensors.ContainsKey(tensor.Name)).ToList();
        var misshaped = there.Where(tensor => !tensors[tensor.Name].Shape.SequenceEqual(tensor.Shape.ToArray())).ToList();
        return new WeightFit(
            there.Count - misshaped.Count,
            [.. own.Select(tensor => tensor.Name).Where(name => !tensors.ContainsKey(name))],
            [.. tensors.Keys.Except(own.Select(tensor => tensor.Name))],
            [.. misshaped.Select(tensor => $"{tensor.Name} {tensors[tensor.Name]} instead of {tensor.Shape}")]);
    }

    private static string Some(IReadOnlyList<string> names, string what) => names.Count == 0
        ? $"0 {what}"
        : $"{names.Count} {what} ({string.Join(", ", names.Take(Shown).Select(OneLine.Start))}{(names.Count > Shown ? ", ..." : "")})";
}
