using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>
/// Tiles of 64 x 64 (<see cref="ConvolutionTiles"/>), a launch for each group. Where something follows the sums they go through scratch
/// memory, as parts of a product do (<see cref="MatMulSplitK.Add"/>): 8 bytes more per number of the result.
/// </summary>
internal sealed class ConvolutionForwardV2Tiles : GpuVariant<ConvolutionForwardCall>
{
    public override string Name => "v2-tiles";

    public override string Idea => "64 x 64 tiles of windows times filter, each number looked up once for 64 products";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [ConvolutionTiles.Replace, MatMulSplitK.AddParts];

    public override bool Supports(in ConvolutionForwardCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        ConvolutionTiles.Fits("output channels of a group", call.Sizes.GroupOuts, out reason);

    protected override void Run(GpuDevice device, in ConvolutionForwardCall call)
    {
        for (var group = 0; group < call.Sizes.Groups; group++)
        {
            var product = call.Product(group);
            if (EpilogueFormula.FlagsOf(in product) == 0)
            {
                Launch(device, in call, group, in product);
                continue;
            }

            using var sums = device.Scratch<float>((long)product.M * product.N);
            Launch(device, in call, group, product with { C = sums.Slice, StrideC = 0 });
            MatMulSplitK.Add(device, sums.Slice, parts: 1, in product);
        }
    }

    private static void Launch(GpuDevice device, in ConvolutionForwardCall call, int group, in MatMulCall product) =>
        ConvolutionTiles.Launch(
            device, call.X.From((long)group * call.Sizes.GroupChannels), call.Weight, in product,
            call.Sizes.Windows, FilterMap.Of(call.Sizes, group));
}
