using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>How the tensors of a file fit the parameters of a network.</summary>
/// <param name="Matched">How many have the name and the shape of a parameter.</param>
/// <param name="Missing">Parameters that the file does not have.</param>
/// <param name="Unexpected">Tensors that the network does not have.</param>
/// <param name="Misshaped">Tensors of another shape than the parameter, with both shapes.</param>
public sealed record WeightFit(
    int Matched, IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected, IReadOnlyList<string> Misshaped)
{
    private const int Shown = 3;

    /// <summary>Whether all tensors match and none is missing.</summary>
    public bool IsWhole => Missing.Count + Unexpected.Count + Misshaped.Count == 0;

    /// <summary>The numbers in one line, with the first names of what does not fit.</summary>
    public string Summary => $"{Matched} tensors match, {Some(Missing, "missing")}, {Some(Unexpected, "unexpected")}, {Some(Misshaped, "of another shape")}";

    /// <summary>Compares tensors with parameters.</summary>
    internal static WeightFit Of(IReadOnlyList<Parameter> parameters, IReadOnlyDictionary<string, WeightTensor> tensors)
    {
        var there = parameters.Where(parameter => tensors.ContainsKey(parameter.Name)).ToList();
        var misshaped = there.Where(parameter => !tensors[parameter.Name].Shape.SequenceEqual(parameter.Shape.ToArray())).ToList();
        return new WeightFit(
            there.Count - misshaped.Count,
            [.. parameters.Select(parameter => parameter.Name).Where(name => !tensors.ContainsKey(name))],
            [.. tensors.Keys.Except(parameters.Select(parameter => parameter.Name))],
            [.. misshaped.Select(parameter => $"{parameter.Name} {tensors[parameter.Name]} instead of {parameter.Shape}")]);
    }

    private static string Some(IReadOnlyList<string> names, string what) => names.Count == 0
        ? $"0 {what}"
        : $"{names.Count} {what} ({string.Join(", ", names.Take(Shown).Select(OneLine.Start))}{(names.Count > Shown ? ", ..." : "")})";
}
