namespace DPT.Engine.Kernels;

/// <summary>Row after row, in their order: the last of an image is what it remembers.</summary>
internal sealed unsafe class FlexMatchThresholdsHostV1Rows : HostVariant<FlexMatchThresholdsCall>
{
    public override string Name => "host-v1-rows";

    public override string Idea => "row after row; counts follow what changes";

    protected override void Run<V>(HostDevice device, in FlexMatchThresholdsCall call)
    {
        var remembered = (int*)call.Remembered.Address;
        var counts = new Span<int>((void*)call.Counts.Address, 1 + call.Classes);
        for (var row = 0L; row < call.Rows; row++)
        {
            var said = RowArgMax.Find((float*)call.Probabilities.Address + (row * call.Classes), call.Classes);
            if (said.IsFinite && said.Value >= call.Cutoff)
            {
                var image = ((int*)call.Images.Address)[row];
                counts[remembered[image]]--;
                remembered[image] = 1 + said.At;
                counts[remembered[image]]++;
            }
        }

        var most = 0;
        foreach (var count in counts)
        {
            most = Math.Max(most, count);
        }

        for (var c = 0; c < call.Classes; c++)
        {
            ((float*)call.Thresholds.Address)[c] = FlexMatchThresholdsOperator.Threshold(call.Cutoff, counts[1 + c], most);
        }
    }
}
