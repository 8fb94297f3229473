namespace DPT.Engine.Dpt;

/// <summary>A tensor of a file of weights.</summary>
/// <param name="Shape">Sizes, outermost first; none for a scalar.</param>
/// <param name="Values">The elements in row-major order, whatever type they have in the file, rounded to floats.</param>
public sealed record WeightTensor(IReadOnlyList<int> Shape, float[] Values)
{
    /// <summary>For people: <c>[32, 18, 128]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", Shape)}]";
}
