using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// How the K of a weight's gradient (A is transposed) is split, because C is small and K is as long as the batch: each part is
/// summed by blocks of its own, then the parts are added in ascending order, so the result has the same bits every time. The cut
/// depends on the shape alone; other sums are not cut, so that no row depends on its batch. The third side of the grid counts the
/// parts, or the products of a call that has several: those are many blocks already.
/// </summary>
internal readonly struct MatMulSplitK
{
    /// <summary>Enough blocks for every multiprocessor of a large card to have a few.</summary>
    private const int WantedBlocks = 512;

    /// <summary>A shorter K is not worth a pass over memory for its sums.</summary>
    private const int MinPartK = 256;

    private const int MaxParts = 64;

    private readonly int _tile;
    private readonly int _products;

    /// <param name="call">The product.</param>
    /// <param name="tile">Rows and columns of C that a block computes.</param>
    /// <param name="tileK">K that a block takes at once.</param>
    public MatMulSplitK(in MatMulCall call, int tile, int tileK)
    {
        _tile = tile;
        var blocks = (long)GridCover.Blocks(call.M, tile) * GridCover.Blocks(call.N, tile);
        _products = call.Count;
        var max = call.TransposeA && _products == 1 ? MaxParts : 1;
        var wanted = Math.Clamp(Math.Min(WantedBlocks / blocks, call.K / MinPartK), 1, max);
        PartK = GridCover.Blocks(GridCover.Blocks(call.K, (int)wanted), tileK) * tileK;
        Parts = GridCover.Blocks(call.K, PartK);
    }

    /// <summary>Adds the sums of all parts and finishes them; one thread per element of C.</summary>
    public static GpuKernel AddParts { get; } = new(Kernel, threads: 256);

    /// <summary>K of a part, whole tiles; the last may have less.</summary>
    public int PartK { get; }

    /// <summary>Number of parts; usually 1.</summary>
    public int Parts { get; }

    /// <summary>Blocks above each other: parts or products.</summary>
    public int Layers => Parts * _products;

    /// <summary>
    /// Launches a kernel of tiles over C and over the parts, and adds the parts up if there are several. Its parameters: A, B, the
    /// epilogue, M, N, K, the strides of A and B, which of them have aligned rows (bits 0 and 1), the K of a part, and the elements
    /// from one product's A and B to the next's: 0 where blocks above each other are parts of one.
    /// </summary>
    public void Launch(GpuDevice device, in MatMulCall call, GpuKernel kernel)
    {
        var grid = new GridSize(GridCover.Blocks(call.M, _tile), GridCover.Blocks(call.N, _tile), Layers);
        if (Parts == 1)
        {
            var whole = device.Prepare(kernel);
            whole.With(call.A).With(call.B).WithEpilogue(in call);
            WithSizes(ref whole, in call).On(grid);
            return;
        }

        using var sums = device.Scratch<float>((long)Parts * call.M * call.N);
        var parts = device.Prepare(kernel);
        parts.With(call.A).With(call.B).WithPlainSums(in call, sums.Slice);
        WithSizes(ref parts, in call).On(grid);
        device.Prepare(AddParts)
            .With(sums.Slice)
            .WithEpilogue(in call)
            .With(call.M).With(call.N).With(Parts)
            .On(new GridSize(GridCover.Blocks((long)call.M * call.N, AddParts.Threads)));
    }

    private ref KernelLaunch WithSizes(ref KernelLaunch launch, in MatMulCall call) =>
        ref launch
            .With(call.M).With(call.N).With(call.K).With(call.RowA).With(call.RowB)
            .With((GlobalMemory.HasAlignedRows(call.A, call.RowA) ? 1 : 0) | (GlobalMemory.HasAlignedRows(call.B, call.RowB) ? 2 : 0))
            .With(PartK)
            .With(_products > 1 ? call.ElementsOfA : 0L).With(_products > 1 ? call.ElementsOfB : 0L);

    private static void Kernel(
        ArrayView<float> sums, GpuEpilogue epilogue,
        int m, int n, int parts)
    {
        var element = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        var elements = (long)m * n;
        if (element < elements)
        {
            var sum = 0f;
            for (var part = 0; part < parts; part++)
            {
                sum += sums[(part * elements) + element];
            }

            var row = (int)(element / n);
            epilogue.Finish(sum, row, (int)(element - ((long)row * n)));
        }
    }
}
