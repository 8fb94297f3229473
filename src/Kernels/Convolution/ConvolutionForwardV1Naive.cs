using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One thread per number of the result (<see cref="ConvolutionNaive"/>), a launch for each group. Limits: none.
/// </summary>
internal sealed class ConvolutionForwardV1Naive : GpuVariant<ConvolutionForwardCall>
{
    private static readonly GpuKernel Convolve = new(Kernel, ConvolutionNaive.Threads);

    public override string Name => "v1-naive";

    public override string Idea => "one thread per element, every factor from global memory";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Convolve];

    public override bool Supports(in ConvolutionForwardCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        ConvolutionNaive.Fits("output channels of a group", call.Sizes.GroupOuts, out reason);

    protected override void Run(GpuDevice device, in ConvolutionForwardCall call)
    {
        for (var group = 0; group < call.Sizes.Groups; group++)
        {
            var product = call.Product(group);
            device.Prepare(Convolve)
                .With(call.X.From((long)group * call.Sizes.GroupChannels)).With(call.Weight)
                .WithEpilogue(in product)
                .With(call.Sizes.Windows).With(FilterMap.Of(call.Sizes, group))
                .With(product.M).With(product.N)
                .On(ConvolutionNaive.GridOf(in product));
        }
    }

    private static void Kernel(
        ArrayView<float> x, ArrayView<float> weight, GpuEpilogue epilogue, WindowMap windows, FilterMap filter, int m, int n)
    {
        int row = ConvolutionNaive.Row, column = ConvolutionNaive.Column;
        if (row < m && column < n)
        {
            epilogue.Finish(ConvolutionNaive.Sum(x, weight, windows, filter, row, column), row, column);
        }
    }
}
