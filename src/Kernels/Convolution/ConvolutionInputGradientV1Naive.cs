using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One thread per number of the gradient (<see cref="ConvolutionNaive"/>), a launch for each group. Limits: none.
/// </summary>
internal sealed class ConvolutionInputGradientV1Naive : GpuVariant<ConvolutionInputGradientCall>
{
    private static readonly GpuKernel Gather = new(Kernel, ConvolutionNaive.Threads);

    public override string Name => "v1-naive";

    public override string Idea => "one thread per element gathers its sum, every factor from global memory";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Gather];

    public override bool Supports(in ConvolutionInputGradientCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        ConvolutionNaive.Fits("channels of a group", call.Sizes.GroupChannels, out reason);

    protected override void Run(GpuDevice device, in ConvolutionInputGradientCall call)
    {
        for (var group = 0; group < call.Sizes.Groups; group++)
        {
            var product = call.Product(group);
            device.Prepare(Gather)
                .With(call.OutputGradient.From((long)group * call.Sizes.GroupOuts)).With(call.Weight).With(product.C)
                .With(call.Sizes.TurnedWindows).With(FilterMap.Turned(call.Sizes, group))
                .With(product.M).With(product.N).With(product.RowC).With(product.Accumulate ? 1 : 0)
                .On(ConvolutionNaive.GridOf(in product));
        }
    }

    private static void Kernel(
        ArrayView<float> gradient, ArrayView<float> weight, ArrayView<float> result, WindowMap windows, FilterMap filter,
        int m, int n, int stride, int accumulate)
    {
        int row = ConvolutionNaive.Row, column = ConvolutionNaive.Column;
        if (row < m && column < n)
        {
            var sum = ConvolutionNaive.Sum(gradient, weight, windows, filter, row, column);
            var at = ((long)row * stride) + column;
            result[at] = accumulate != 0 ? result[at] + sum : sum;
        }
    }
}
