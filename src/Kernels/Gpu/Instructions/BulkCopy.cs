using ILGPU.IR.Intrinsics;

namespace DPT.Engine.Kernels;

/// <summary>
/// Copies that no thread carries (the tensor memory accelerator): one thread starts a whole box, and an <see cref="Mbarrier"/> or a
/// group says when it is there. Boxes lie in shared memory at multiples of 128 bytes, swizzled as their <see cref="TensorTiles"/> say.
/// </summary>
/// <remarks>
/// What threads wrote, these copies see behind <see cref="FenceProxy"/> of the threads that wrote it, and then a barrier.
/// </remarks>
public static class BulkCopy
{
    /// <summary>
    /// Starts to copy a box of a matrix to shared memory; its bytes count for the barrier's phase. The first element is that of column
    /// <paramref name="x"/> and row <paramref name="y"/>, which may lie beyond the edges, where zeros are read.
    /// </summary>
    /// <param name="to">Where to in shared memory, a multiple of 128; of 1024 where wgmma reads it with the 128-byte swizzle.</param>
    /// <param name="map">A parameter of the kernel.</param>
    /// <param name="x">Column.</param>
    /// <param name="y">Row.</param>
    /// <param name="barrier">Address of the barrier.</param>
    [IntrinsicImplementation, PtxAsm("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [$0], [$p1, {$2, $3}], [$4];")]
    public static void Load(int to, TensorMap map, int x, int y, int barrier) => throw OfShared();

    /// <summary>The same for a tensor of three dimensions: a box from index <paramref name="z"/> of dimension 2 on.</summary>
    /// <param name="to">Where to in shared memory, a multiple of 128; of 1024 where wgmma reads it with the 128-byte swizzle.</param>
    /// <param name="map">A parameter of the kernel.</param>
    /// <param name="x">Index along dimension 0.</param>
    /// <param name="y">Index along dimension 1.</param>
    /// <param name="z">Index along dimension 2.</param>
    /// <param name="barrier">Address of the barrier.</param>
    [IntrinsicImplementation, PtxAsm("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [$0], [$p1, {$2, $3, $4}], [$5];")]
    public static void Load(int to, TensorMap map, int x, int y, int z, int barrier) => throw OfShared();

    /// <summary>The same for a tensor of four dimensions, from index <paramref name="w"/> of dimension 3 on.</summary>
    /// <param name="to">Where to in shared memory, a multiple of 128; of 1024 where wgmma reads it with the 128-byte swizzle.</param>
    /// <param name="map">A parameter of the kernel.</param>
    /// <param name="x">Index along dimension 0.</param>
    /// <param name="y">Index along dimension 1.</param>
    /// <param name="z">Index along dimension 2.</param>
    /// <param name="w">Index along dimension 3.</param>
    /// <param name="barrier">Address of the barrier.</param>
    [IntrinsicImplementation, PtxAsm("cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [$0], [$p1, {$2, $3, $4, $5}], [$6];")]
    public static void Load(int to, TensorMap map, int x, int y, int z, int w, int barrier) => throw OfShared();

    /// <summary>Starts to copy a box from shared memory to a matrix; what lies beyond the edges is not written.</summary>
    [IntrinsicImplementation, PtxAsm("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [$p0, {$2, $3}], [$1];")]
    public static void Store(TensorMap map, int from, int x, int y) => throw OfShared();

    /// <summary>Makes a group of this thread's stores since the last group.</summary>
    [IntrinsicImplementation, PtxAsm("cp.async.bulk.commit_group;")]
    public static void CommitStores()
    {
    }

    /// <summary>Waits until all of this thread's groups of stores have read shared memory: then it may be used again.</summary>
    [IntrinsicImplementation, PtxAsm("cp.async.bulk.wait_group.read 0;")]
    public static void WaitForReadsOfStores()
    {
    }

    /// <summary>Waits until all of this thread's groups of stores are in global memory.</summary>
    [IntrinsicImplementation, PtxAsm("cp.async.bulk.wait_group 0;")]
    public static void WaitForStores()
    {
    }

    /// <summary>What this thread knows of shared memory, bulk copies and wgmma see from now on.</summary>
    [IntrinsicImplementation, PtxAsm("fence.proxy.async.shared::cta;")]
    public static void FenceProxy()
    {
    }

    private static NotSupportedException OfShared() => new("there is no shared memory here");
}
