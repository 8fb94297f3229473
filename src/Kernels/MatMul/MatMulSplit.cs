using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// How the sums of a weight's gradient (A is transposed) are cut into runs, because C is small and they are as long as the
/// batch: each run is summed by blocks of its own, then the runs are added in ascending order, so the result has the same
/// bits every time. The cut depends on the shape alone; other sums are not cut, so that no row depends on its batch.
/// </summary>
internal readonly struct MatMulSplit
{
    /// <summary>Enough blocks for every multiprocessor of a large card to have a few.</summary>
    private const int WantedBlocks = 512;

    /// <summary>Fewer terms are not worth a pass over memory for their sum.</summary>
    private const int MinTerms = 256;

    private const int MaxRuns = 64;

    private readonly int _tile;

    /// <param name="call">The product.</param>
    /// <param name="tile">Rows and columns of C that a block computes.</param>
    /// <param name="tileTerms">Terms that a block adds at once.</param>
    public MatMulSplit(in MatMulCall call, int tile, int tileTerms)
    {
        _tile = tile;
        var blocks = (long)GridCover.Blocks(call.M, tile) * GridCover.Blocks(call.N, tile);
        var max = call.TransposeA ? MaxRuns : 1;
        var wanted = Math.Clamp(Math.Min(WantedBlocks / blocks, call.K / MinTerms), 1, max);
        Terms = GridCover.Blocks(GridCover.Blocks(call.K, (int)wanted), tileTerms) * tileTerms;
        Runs = GridCover.Blocks(call.K, Terms);
    }

    /// <summary>Adds the sums of all runs and finishes them; one thread per element of C.</summary>
    public static GpuKernel AddRuns { get; } = new(Kernel, threads: 256);

    /// <summary>Terms of a run, whole tiles; the last may have fewer.</summary>
    public int Terms { get; }

    /// <summary>Number of runs; usually 1.</summary>
    public int Runs { get; }

    /// <summary>
    /// Launches a kernel of tiles over C and over the runs, and adds the runs up if there are several. Its parameters: A, B, the
    /// epilogue, M, N, K, the strides of A and B, which of them have aligned rows (bits 0 and 1), and the terms of a run.
    /// </summary>
    public void Launch(GpuDevice device, in MatMulCall call, GpuKernel kernel)
    {
        var grid = new GridSize(GridCover.Blocks(call.M, _tile), GridCover.Blocks(call.N, _tile), Runs);
        if (Runs == 1)
        {
            var whole = device.Prepare(kernel);
            whole.With(call.A).With(call.B).WithEpilogue(in call);
            WithSizes(ref whole, in call).On(grid);
            return;
        }

        using var sums = device.Scratch<float>((long)Runs * call.M * call.N);
        var runs = device.Prepare(kernel);
        runs.With(call.A).With(call.B).WithPlainSums(in call, sums.Slice);
        WithSizes(ref runs, in call).On(grid);
        device.Prepare(AddRuns)
            .With(sums.Slice)
            .WithEpilogue(in call)
            .With(call.M).With(call.N).With(Runs)
            .On(new GridSize(GridCover.Blocks((long)call.M * call.N, AddRuns.Threads)));
    }

    private ref KernelLaunch WithSizes(ref KernelLaunch launch, in MatMulCall call) =>
        ref launch
            .With(call.M).With(call.N).With(call.K).With(call.RowA).With(call.RowB)
            .With((GlobalMemory.HasAlignedRows(call.A, call.RowA) ? 1 : 0) | (GlobalMemory.HasAlignedRows(call.B, call.RowB) ? 2 : 0))
            .With(Terms);

    private static void Kernel(
        ArrayView<float> sums, GpuEpilogue epilogue,
        int m, int n, int runs)
    {
        var element = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        var elements = (long)m * n;
        if (element < elements)
        {
            var sum = 0f;
            for (var run = 0; run < runs; run++)
            {
                sum += sums[(run * elements) + element];
            }

            var row = (int)(element / n);
            epilogue.Finish(sum, row, (int)(element - ((long)row * n)));
        }
    }
}
