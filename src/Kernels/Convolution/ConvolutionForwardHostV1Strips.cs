namespace DPT.Engine.Kernels;

/// <summary>
/// The packed matrix product (<see cref="PackedProduct"/>) whose left factor is windows of the images: a work item copies the
/// lines that its windows lie on, with their zeros, and the tiles read windows there (<see cref="WindowStrips"/>). A product for
/// each group. Limits: none. Scratch: that of the product, and for each thread at most kh lines for 96 pixels. FLOPs: 2 B H' W' C' kh kw C/g.
/// A pixel has the same bits in every batch.
/// </summary>
internal sealed unsafe class ConvolutionForwardHostV1Strips : HostVariant<ConvolutionForwardCall>
{
    public override string Name => "host-v1-strips";

    public override string Idea => "the packed product on windows: strips of lines with their zeros, one copy a line of the filter";

    protected override void Run<V>(HostDevice device, in ConvolutionForwardCall call)
    {
        var map = call.Sizes.Windows;
        using var distances = device.Scratch<nint>(map.Elements);
        for (var group = 0; group < call.Sizes.Groups; group++)
        {
            var x = (float*)call.X.Address + (group * map.Channels);
            var windows = new WindowStrips(x, in map, (nint*)distances.Slice.Address);
            var factors = new ConvolutionFactors(windows, (float*)call.Weight.Address, FilterMap.Of(call.Sizes, group));
            PackedProduct.Run<V, ConvolutionFactors, ScatteredLeft>(device, call.Product(group), in factors);
        }
    }
}
