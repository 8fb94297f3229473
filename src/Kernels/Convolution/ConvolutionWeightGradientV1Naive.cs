using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One thread per number of the filter, which goes through the pixels of all images in their order; a launch for each group.
/// Threads: as <see cref="ConvolutionNaive"/>, a warp along a window, so that it reads neighbouring channels. Limits: none.
/// FLOPs: 2 B H' W' per number of the filter.
/// </summary>
internal sealed class ConvolutionWeightGradientV1Naive : GpuVariant<ConvolutionWeightGradientCall>
{
    private static readonly GpuKernel Correlate = new(Kernel, ConvolutionNaive.Threads);

    public override string Name => "v1-naive";

    public override string Idea => "one thread per element of the filter, through all pixels in order";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Correlate];

    public override bool Supports(in ConvolutionWeightGradientCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        ConvolutionNaive.Fits("numbers of a window", call.Sizes.Windows.Elements, out reason);

    protected override void Run(GpuDevice device, in ConvolutionWeightGradientCall call)
    {
        for (var group = 0; group < call.Sizes.Groups; group++)
        {
            var product = call.Product(group);
            device.Prepare(Correlate)
                .With(call.X.From((long)group * call.Sizes.GroupChannels)).With(product.A).With(product.C)
                .With(call.Sizes.Windows)
                .With(product.M).With(product.N).With(product.K).With(product.RowA)
                .On(ConvolutionNaive.GridOf(in product));
        }
    }

    private static void Kernel(
        ArrayView<float> x, ArrayView<float> gradient, ArrayView<float> result, WindowMap windows, int m, int n, int k, int outs)
    {
        int row = ConvolutionNaive.Row, column = ConvolutionNaive.Column;
        if (row < m && column < n)
        {
            var sum = 0f;
            for (var i = 0; i < k; i++)
            {
                sum = Scalar.Fma(gradient[((long)i * outs) + row], windows.Load(x, i, column), sum);
            }

            result[((long)row * n) + column] += sum;
        }
    }
}
