namespace DPT.Engine.Kernels;

/// <summary>
/// Work items of C (a chunk of rows by a chunk of columns) are handed out, and each is computed tile by tile with
/// <see cref="GemmMicroKernel"/> from packed panels of B. A is read in place, or packed by work item if it is transposed; then
/// a small C with long sums is cut along the sums as well. Limits: none. The order of a sum depends on the shape alone and,
/// unless A is transposed, not on the number of rows.
/// </summary>
internal sealed class MatMulHostV2Packed : HostVariant<MatMulCall>
{
    public override string Name => "host-v2-packed";

    public override string Idea => "packed panels, cache blocks, a 6 x 2-vector tile in registers, epilogue at the tile";

    protected override void Run<V>(HostDevice device, in MatMulCall call)
    {
        for (var i = 0; i < call.Count; i++)
        {
            var product = call.Product(i);
            PackedProduct.Run<V, MatrixFactors, StridedLeft>(device, in product, new MatrixFactors(in product));
        }
    }
}
