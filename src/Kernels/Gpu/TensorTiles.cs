namespace DPT.Engine.Kernels;

/// <summary>
/// A tensor in device memory, and the boxes that a kernel copies from it or to it: the host's side of a <see cref="TensorMap"/>.
/// Dimension 0 is the one whose elements are adjacent: a matrix by rows has its columns there. Boxes may reach beyond the edges:
/// zeros are read there, and nothing is written.
/// </summary>
public readonly struct TensorTiles
{
    internal readonly PtxTensorMap Map;

    private TensorTiles(PtxTensorMap map) => Map = map;

    /// <summary>Bytes of a box: what its mbarrier is to expect.</summary>
    public int BoxBytes => Map.BoxBytes;

    /// <summary>Boxes of a matrix by rows.</summary>
    /// <param name="matrix">Its elements; the first at a multiple of 16 bytes.</param>
    /// <param name="rows">Rows, 1 to 2^32.</param>
    /// <param name="columns">Columns, 1 to 2^32.</param>
    /// <param name="stride">Elements from row to row, a multiple of 16 bytes.</param>
    /// <param name="boxRows">Rows of a box, 1 to 256.</param>
    /// <param name="boxColumns">Columns of a box, 1 to 256: a multiple of 16 bytes, at most those of the swizzle.</param>
    /// <param name="swizzle">How a box lies in shared memory.</param>
    /// <exception cref="KernelException">Something is beyond these limits, or the slice is too short.</exception>
    public static TensorTiles Matrix<T>(
        Slice<T> matrix, long rows, long columns, long stride, int boxRows, int boxColumns, PtxSwizzle swizzle = PtxSwizzle.Bytes128)
        where T : unmanaged => Of(matrix, [columns, rows], [stride], [boxColumns, boxRows], swizzle);

    /// <summary>Boxes of a tensor of 1 to 5 dimensions.</summary>
    /// <param name="tensor">Its elements; the first at a multiple of 16 bytes.</param>
    /// <param name="sizes">Elements along each dimension, 1 to 2^32.</param>
    /// <param name="strides">Elements from one to the next along each dimension but the first, multiples of 16 bytes.</param>
    /// <param name="box">Elements of a box along each dimension, 1 to 256; along the first a multiple of 16 bytes, at most those of the swizzle.</param>
    /// <param name="swizzle">How a box lies in shared memory.</param>
    /// <exception cref="KernelException">Something is beyond these limits, or the slice is too short.</exception>
    public static unsafe TensorTiles Of<T>(
        Slice<T> tensor, ReadOnlySpan<long> sizes, ReadOnlySpan<long> strides, ReadOnlySpan<int> box, PtxSwizzle swizzle = PtxSwizzle.Bytes128)
        where T : unmanaged
    {
        Span<long> bytes = stackalloc long[strides.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = strides[i] * sizeof(T);
        }

        try
        {
            var map = new PtxTensorMap(tensor.Address, sizeof(T), sizes, bytes, box, swizzle);
            return map.Extent <= tensor.Length * sizeof(T)
                ? new TensorTiles(map)
                : throw new KernelException($"a tensor map: the tensor reaches over {map.Extent} bytes, its slice has {tensor.Length * sizeof(T)}");
        }
        catch (PtxException failure)
        {
            throw new KernelException(failure.Message, failure);
        }
    }
}
