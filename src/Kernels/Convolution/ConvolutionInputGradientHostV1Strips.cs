namespace DPT.Engine.Kernels;

/// <summary>
/// As <see cref="ConvolutionForwardHostV1Strips"/>, on windows of the gradients and with the filter turned round. With a stride there
/// are zeros between the gradients, which are multiplied too. Limits: none. FLOPs: 2 B H W C kh kw C'/g, that is stride^2 times
/// those that count.
/// </summary>
internal sealed unsafe class ConvolutionInputGradientHostV1Strips : HostVariant<ConvolutionInputGradientCall>
{
    public override string Name => "host-v1-strips";

    public override string Idea => "the packed product on windows of spread gradients, filter turned round";

    protected override void Run<V>(HostDevice device, in ConvolutionInputGradientCall call)
    {
        var map = call.Sizes.TurnedWindows;
        using var distances = device.Scratch<nint>(map.Elements);
        for (var group = 0; group < call.Sizes.Groups; group++)
        {
            var gradients = (float*)call.OutputGradient.Address + (group * map.Channels);
            var windows = new WindowStrips(gradients, in map, (nint*)distances.Slice.Address);
            var factors = new ConvolutionFactors(windows, (float*)call.Weight.Address, FilterMap.Turned(call.Sizes, group));
            PackedProduct.Run<V, ConvolutionFactors, ScatteredLeft>(device, call.Product(group), in factors);
        }
    }
}
