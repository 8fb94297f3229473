using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Kernels;

/// <summary>Tiles of 64 x 64 (<see cref="ConvolutionTiles"/>) of spread gradients, a launch for each group.</summary>
internal sealed class ConvolutionInputGradientV2Tiles : GpuVariant<ConvolutionInputGradientCall>
{
    public override string Name => "v2-tiles";

    public override string Idea => "64 x 64 tiles of spread gradients times the filter turned round";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [ConvolutionTiles.Replace, ConvolutionTiles.Add];

    public override bool Supports(in ConvolutionInputGradientCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        ConvolutionTiles.Fits("channels of a group", call.Sizes.GroupChannels, out reason);

    protected override void Run(GpuDevice device, in ConvolutionInputGradientCall call)
    {
        for (var group = 0; group < call.Sizes.Groups; group++)
        {
            ConvolutionTiles.Launch(
                device, call.OutputGradient.From((long)group * call.Sizes.GroupOuts), call.Weight,
                call.Product(group), call.Sizes.TurnedWindows, FilterMap.Turned(call.Sizes, group));
        }
    }
}
