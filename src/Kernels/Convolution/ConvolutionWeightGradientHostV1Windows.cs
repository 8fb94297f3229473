namespace DPT.Engine.Kernels;

/// <summary>
/// The packed matrix product (<see cref="PackedProduct"/>) of transposed gradients and windows, which are packed panel by panel
/// straight from the images. Pixels are cut into parts by the shape, and the parts' sums are added in order. A product for each
/// group. Limits: none. FLOPs: 2 B H' W' C' kh kw C/g.
/// </summary>
internal sealed unsafe class ConvolutionWeightGradientHostV1Windows : HostVariant<ConvolutionWeightGradientCall>
{
    public override string Name => "host-v1-windows";

    public override string Idea => "the packed product of gradients and windows, panels packed from the images";

    protected override void Run<V>(HostDevice device, in ConvolutionWeightGradientCall call)
    {
        var map = call.Sizes.Windows;
        for (var group = 0; group < call.Sizes.Groups; group++)
        {
            var product = call.Product(group);
            var factors = new ConvolutionGradientFactors(in product, (float*)call.X.Address + (group * map.Channels), map);
            PackedProduct.Run<V, ConvolutionGradientFactors, StridedLeft>(device, in product, in factors);
        }
    }
}
