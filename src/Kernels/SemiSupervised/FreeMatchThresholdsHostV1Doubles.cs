namespace DPT.Engine.Kernels;

/// <summary>The reference's loops: the batch is small, and what is kept for years is summed in doubles.</summary>
internal sealed unsafe class FreeMatchThresholdsHostV1Doubles : HostVariant<FreeMatchThresholdsCall>
{
    public override string Name => "host-v1-doubles";

    public override string Idea => "row after row, sums in double precision";

    protected override void Run<V>(HostDevice device, in FreeMatchThresholdsCall call)
    {
        var averages = (float*)call.Averages.Address;
        var thresholds = (float*)call.Thresholds.Address;
        using var scratch = device.Scratch<double>(1 + (2L * call.Classes));
        var present = (double*)scratch.Slice.Address;
        var (keep, renew) = ((double)call.Momentum, 1 - (double)call.Momentum);
        if (Sum(in call, present))
        {
            for (var i = 0L; i <= 2L * call.Classes; i++)
            {
                averages[i] = (float)((keep * averages[i]) + (renew * present[i]));
            }
        }

        var argMax = RowArgMax.Find(averages + 1, call.Classes);
        var max = argMax.IsFinite ? argMax.Value : double.NaN;
        for (var c = 0; c < call.Classes; c++)
        {
            thresholds[c] = (float)(averages[0] * (averages[1 + c] / max));
        }
    }

    /// <summary>The batch's own averages; false if a number is not finite.</summary>
    private static bool Sum(in FreeMatchThresholdsCall call, double* present)
    {
        var (classes, share) = (call.Classes, 1.0 / call.Rows);
        new Span<double>(present, 1 + (2 * classes)).Clear();
        var areFinite = true;
        for (var row = 0L; row < call.Rows; row++)
        {
            var p = (float*)call.Probabilities.Address + (row * classes);
            var said = RowArgMax.Find(p, classes);
            areFinite &= said.IsFinite;
            present[0] += share * said.Value;
            present[1 + classes + said.At] += share;
            for (var c = 0; c < classes; c++)
            {
                present[1 + c] += share * p[c];
            }
        }

        return areFinite;
    }
}
