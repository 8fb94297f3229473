using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Normalises, scales, shifts and bends each number. A thread has a channel of a piece of an image (<see cref="ChannelCut"/>) with its
/// parameters in registers, and four pixels at a time, all loads under way before the first store.
/// Threads: 256 in a block, the lanes of a warp on neighbouring channels (coalesced).
/// </summary>
internal static class ChannelForwardGpu
{
    private const int AtOnce = 4;

    private static readonly GpuKernel LeakyRelu = Of<LeakyReluAfter>();

    private static readonly GpuKernel Silu = Of<SiluAfter>();

    /// <summary>The kernel with an activation.</summary>
    public static GpuKernel Kernel<F>() where F : struct, INormActivation => typeof(F) == typeof(SiluAfter) ? Silu : LeakyRelu;

    public static void Run<F>(GpuDevice device, in ChannelForward call) where F : struct, INormActivation
    {
        var cut = new ChannelCut(call.Shape);
        device.Prepare(Kernel<F>())
            .With(call.X).With(call.Gamma).With(call.Beta).With(call.Mean).With(call.Variance).With(call.Y)
            .With(cut).With(call.Epsilon).With(call.Bend)
            .On(cut.Over(call.Shape.Images));
    }

    private static GpuKernel Of<F>() where F : struct, INormActivation => new(Normalise<F>, ChannelCut.Threads) { Unroll = AtOnce };

    private static void Normalise<F>(
        ArrayView<float> x, ArrayView<float> gamma, ArrayView<float> beta, ArrayView<float> mean, ArrayView<float> variance,
        ArrayView<float> y, ChannelCut cut, float epsilon, float bend)
        where F : struct, INormActivation
    {
        var piece = new ChannelPiece(cut);
        if (!piece.IsThere)
        {
            return;
        }

        var centre = mean[piece.Statistic];
        var inverse = 1 / Scalar.Sqrt(variance[piece.Statistic] + epsilon);
        var scale = gamma[piece.Channel];
        var shift = beta[piece.Channel];
        var v = new float[AtOnce];
        for (var pixel = WarpReduce.Warp; pixel < piece.Pixels; pixel += AtOnce * ColumnSums.Warps)
        {
            var there = piece.There(pixel, AtOnce);
            for (var i = 0; i < AtOnce; i++)
            {
                v[i] = x[piece.AtMost(pixel, i, there)];
            }

            for (var i = 0; i < AtOnce; i++)
            {
                var normal = (v[i] - centre) * inverse;
                v[i] = F.Value(GpuReal.Broadcast(Scalar.Fma(normal, scale, shift)), GpuReal.Broadcast(bend)).Value;
            }

            for (var i = 0; i < AtOnce; i++)
            {
                if (i < there)
                {
                    y[piece.At(pixel + (i * ColumnSums.Warps))] = v[i];
                }
            }
        }
    }
}
