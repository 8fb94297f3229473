using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One thread per element of C; both factors of every product are read from global memory.
/// Threads: 32 x 8 in a block, a warp along a row of C, so that C is read and written whole, and so is B if its columns
/// are adjacent; A is the same for a whole warp. Any layout by four strides. Limits: none. Bytes: 8 K per element of C,
/// less what the caches keep. FLOPs: 2 K per element.
/// </summary>
internal sealed class MatMulV1Naive : GpuVariant<MatMulCall>
{
    private const int Columns = 32;
    private const int Rows = 8;

    private static readonly GpuKernel Multiply = new(Kernel, Columns * Rows);

    public override string Name => "v1-naive";

    public override string Idea => "one thread per element, every factor from global memory";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Multiply];

    public override bool Supports(in MatMulCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        GridCover.FitsAcross("N", call.N, Columns, out reason);

    protected override void Run(GpuDevice device, in MatMulCall call)
    {
        for (var i = 0; i < call.Count; i++)
        {
            Launch(device, call.Product(i));
        }
    }

    private static void Launch(GpuDevice device, in MatMulCall call) =>
        device.Prepare(Multiply)
            .With(call.A).With(call.B)
            .WithEpilogue(in call)
            .With(call.M).With(call.N).With(call.K)
            .With(call.TransposeA ? 1 : call.RowA).With(call.TransposeA ? call.RowA : 1)
            .With(call.TransposeB ? call.RowB : 1).With(call.TransposeB ? 1 : call.RowB)
            .On(new GridSize(GridCover.Blocks(call.M, Rows), GridCover.Blocks(call.N, Columns)));

    private static void Kernel(
        ArrayView<float> a, ArrayView<float> b, GpuEpilogue epilogue,
        int m, int n, int k, int strideAm, int strideAk, int strideBn, int strideBk)
    {
        var row = (Grid.IdxX * Rows) + (Group.IdxX / Columns);
        var column = (Grid.IdxY * Columns) + (Group.IdxX & (Columns - 1));
        if (row < m && column < n)
        {
            var atA = (long)row * strideAm;
            var atB = (long)column * strideBn;
            var sum = 0f;
            for (var i = 0; i < k; i++)
            {
                sum = Scalar.Fma(a[atA], b[atB], sum);
                atA += strideAk;
                atB += strideBk;
            }

            epilogue.Finish(sum, row, column);
        }
    }
}
