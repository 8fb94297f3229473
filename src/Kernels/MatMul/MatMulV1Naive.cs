using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One thread per element of C; its row and column are read from global memory for every term.
/// Threads: 256 in a block, neighbours along a row of C, so that B and C are read and written whole (coalesced) and A
/// is broadcast. Limits: none. Bytes: 8 K per element of C, less what the caches keep. FLOPs: 2 K per element.
/// </summary>
internal sealed class MatMulV1Naive : GpuVariant<MatMulCall>
{
    private static readonly GpuKernel Multiply = new(typeof(MatMulV1Naive), nameof(Kernel), threads: 256);

    public override string Name => "v1-naive";

    public override string Idea => "one thread per element, every factor from global memory";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Multiply];

    protected override void Run(GpuDevice device, in MatMulCall call)
    {
        device.Prepare(Multiply)
            .With(call.A).With(call.B).With(call.C)
            .With(call.M).With(call.N).With(call.K)
            .On(new GridSize(GridSize.Cover((long)call.M * call.N, Multiply.Threads)));
    }

    private static void Kernel(ArrayView<float> a, ArrayView<float> b, ArrayView<float> c, int m, int n, int k)
    {
        var element = (Grid.IdxX * Group.DimX) + Group.IdxX;
        var row = element / n;
        var column = element - (row * n);
        if (row >= m)
        {
            return;
        }

        var sum = 0f;
        for (var i = 0; i < k; i++)
        {
            sum = Scalar.Fma(a[(row * k) + i], b[(i * n) + column], sum);
        }

        c[element] = sum;
    }
}
