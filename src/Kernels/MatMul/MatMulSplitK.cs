using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Launches kernels of tiles over C with layers above each other, the third side of the grid: the parts of a K that is cut
/// (<see cref="SplitK"/>), or the products of a call that has several, which are many blocks already.
/// </summary>
internal readonly struct MatMulSplitK
{
    /// <summary>Enough blocks for every multiprocessor of a large card to have a few.</summary>
    private const int WantedBlocks = 512;

    private readonly int _tile;
    private readonly int _products;
    private readonly SplitK _cut;

    /// <param name="call">The product.</param>
    /// <param name="tile">Rows and columns of C that a block computes.</param>
    /// <param name="tileK">K that a block takes at once.</param>
    public MatMulSplitK(in MatMulCall call, int tile, int tileK)
    {
        _tile = tile;
        _products = call.Count;
        _cut = new SplitK(call.Sizes, tile, tile, tileK, WantedBlocks, canAdd: call.Count == 1);
    }

    /// <summary>Adds the sums of all parts and finishes them; one thread per element of C.</summary>
    public static GpuKernel AddParts { get; } = new(Kernel, threads: 256);

    /// <summary>Blocks above each other: parts or products.</summary>
    public int Layers => _cut.Parts * _products;

    /// <summary>
    /// Launches a kernel of tiles over C and over the parts, and adds the parts up if there are several. Its parameters: A, B, the
    /// epilogue, M, N, K, the strides of A and B, which of them have aligned rows (bits 0 and 1), the K of a part, and the elements
    /// from one product's A and B to the next's: 0 where blocks above each other are parts of one.
    /// </summary>
    public void Launch(GpuDevice device, in MatMulCall call, GpuKernel kernel)
    {
        var grid = new GridSize(GridCover.Blocks(call.M, _tile), GridCover.Blocks(call.N, _tile), Layers);
        if (_cut.Parts == 1)
        {
            var whole = device.Prepare(kernel);
            whole.With(call.A).With(call.B).WithEpilogue(in call);
            WithSizes(ref whole, in call).On(grid);
            return;
        }

        using var sums = device.Scratch<float>((long)_cut.Parts * call.M * call.N);
        var parts = device.Prepare(kernel);
        parts.With(call.A).With(call.B).WithPlainSums(in call, sums.Slice);
        WithSizes(ref parts, in call).On(grid);
        Add(device, sums.Slice, _cut.Parts, in call);
    }

    /// <summary>Adds the parts up and finishes them.</summary>
    /// <param name="device">Where.</param>
    /// <param name="sums">[parts,M,N].</param>
    /// <param name="parts">How many.</param>
    /// <param name="call">What is done to the sums.</param>
    public static void Add(GpuDevice device, Slice<float> sums, int parts, in MatMulCall call) =>
        device.Prepare(AddParts)
            .With(sums)
            .WithEpilogue(in call)
            .With(call.M).With(call.N).With(parts)
            .On(new GridSize(GridCover.Blocks((long)call.M * call.N, AddParts.Threads)));

    private ref KernelLaunch WithSizes(ref KernelLaunch launch, in MatMulCall call) =>
        ref launch
            .With(call.M).With(call.N).With(call.K).With(call.RowA).With(call.RowB)
            .With((GlobalMemory.HasAlignedRows(call.A, call.RowA) ? 1 : 0) | (GlobalMemory.HasAlignedRows(call.B, call.RowB) ? 2 : 0))
            .With(_cut.PartK)
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
