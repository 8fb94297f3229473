using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Matrices of one shape, which <see cref="Muon"/> orthogonalises together: a small one alone would leave most of a card idle. A
/// processor takes them one by one, so that what it computes of each stays in its cache.
/// </summary>
internal sealed record MatrixGroup(Parameter[] Matrices)
{
    /// <summary>Elements of a group's Gram matrices: more fill a card alone, and their memory would be the network's again.</summary>
    private const int MostElements = 1 << 20;

    public int Rows => Matrices[0].Shape[0];

    public int Columns => Matrices[0].Shape[1];

    public long Elements => Matrices[0].Shape.Count;

    /// <summary>The groups of matrices for a kind of device, in the order of their first matrices.</summary>
    public static IEnumerable<MatrixGroup> Of(IEnumerable<Parameter> matrices, DeviceKind device) =>
        from shape in matrices.GroupBy(matrix => (Rows: matrix.Shape[0], Columns: matrix.Shape[1]))
        let side = Math.Min(shape.Key.Rows, shape.Key.Columns)
        from chunk in shape.Chunk(device == DeviceKind.Host ? 1 : Math.Max(1, MostElements / side / side))
        select new MatrixGroup(chunk);
}
