using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>One block looks at the losses, one thread divides. Threads: 256. Limits: none. Bytes: 4 losses.</summary>
internal sealed class ClipFactorV1Block : GpuVariant<ClipFactorCall>
{
    private static readonly GpuKernel Block = new(Kernel, threads: 256);

    public override string Name => "v1-block";

    public override string Idea => "one block looks at the losses, one thread divides";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Block];

    protected override void Run(GpuDevice device, in ClipFactorCall call) => device.Prepare(Block)
        .With(call.Norm).With(call.Losses).With(call.Factor).With((int)call.Losses.Length).With(call.Limit)
        .On(new GridSize(1));

    private static void Kernel(ArrayView<float> norm, ArrayView<float> losses, ArrayView<float> factor, int count, float limit)
    {
        var notFinite = 0;
        for (var i = Group.IdxX; i < count; i += Group.DimX)
        {
            notFinite += Finite.Is(losses[i]) ? 0 : 1;
        }

        notFinite = BlockReduce.Sum(notFinite);
        if (Group.IdxX == 0)
        {
            var length = norm[0];
            var clips = Scalar.IsLess(0f, limit) && Scalar.IsLess(limit, length);
            var result = clips ? limit / (length + (float)ClipFactorOperator.Epsilon) : 1f;
            var clipped = result * length;
            var square = clipped * clipped;
            factor[0] = notFinite == 0 && Finite.Is(square) ? result : float.NaN;
        }
    }
}
