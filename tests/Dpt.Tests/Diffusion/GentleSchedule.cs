using DPT.Engine.Dpt;

namespace Dpt.Tests;

/// <summary>A process without steep ends: its grids reach the asymptotic regime with few steps.</summary>
internal sealed class GentleSchedule : VariancePreservingSchedule
{
    public override double Start => 0.8;

    public override double End => 0.2;

    public override double LogAlpha(double time) => -time;

    public override double Drift(double time) => -1;

    protected override double TimeOfLogAlpha(double logAlpha) => -logAlpha;
}
