namespace DPT.Engine.Kernels;

/// <summary>A row after the other: there are few, and a comparison is all there is to do.</summary>
internal sealed unsafe class PseudoLabelHostV1Rows : HostVariant<PseudoLabelCall>
{
    public override string Name => "host-v1-rows";

    public override string Idea => "row after row, in one pass";

    protected override void Run<V>(HostDevice device, in PseudoLabelCall call)
    {
        var probabilities = (float*)call.Probabilities.Address;
        var thresholds = (float*)call.Thresholds.Address;
        for (var row = 0L; row < call.Rows; row++)
        {
            var said = RowArgMax.Find(probabilities + (row * call.Classes), call.Classes);
            ((int*)call.Labels.Address)[row] = said.IsFinite ? said.At : 0;
            ((float*)call.Weights.Address)[row] = !said.IsFinite ? float.NaN : said.Value >= thresholds[said.At] ? 1 : 0;
        }
    }
}
