namespace DPT.Engine.Kernels;

/// <summary>One division, in double precision.</summary>
internal sealed unsafe class ClipFactorHostV1Doubles : HostVariant<ClipFactorCall>
{
    public override string Name => "host-v1-doubles";

    public override string Idea => "the formula, in double precision";

    protected override void Run<V>(HostDevice device, in ClipFactorCall call)
    {
        var norm = *(float*)call.Norm.Address;
        var factor = call.Limit > 0 && norm > call.Limit ? (float)(call.Limit / ((double)norm + ClipFactorOperator.Epsilon)) : 1;
        var isFinite = float.IsFinite(factor * norm * factor * norm);
        foreach (var loss in new ReadOnlySpan<float>((void*)call.Losses.Address, (int)call.Losses.Length))
        {
            isFinite &= float.IsFinite(loss);
        }

        *(float*)call.Factor.Address = isFinite ? factor : float.NaN;
    }
}
