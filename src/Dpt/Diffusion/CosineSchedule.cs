namespace DPT.Engine.Dpt;

/// <summary>
/// The continuous cosine process (Nichol and Dhariwal 2021), ended at T = 0.9946 where the signal is all but gone:
/// beyond it the rate diverges. The small presets train on it with velocity prediction.
/// </summary>
public sealed class CosineSchedule : VariancePreservingSchedule
{
    private const double Offset = 0.008;
    private const double Frequency = Math.PI / 2 / (1 + Offset);
    private static readonly double LogCosineAtZero = Math.Log(Math.Cos(Frequency * Offset));

    /// <inheritdoc/>
    public override double Start => 0.9946;

    /// <inheritdoc/>
    public override double End => 1e-3;

    /// <inheritdoc/>
    public override double LogAlpha(double time) => Math.Log(Math.Cos(Angle(time))) - LogCosineAtZero;

    /// <inheritdoc/>
    public override double Drift(double time) => -Frequency * Math.Tan(Angle(time));

    /// <inheritdoc/>
    protected override double TimeOfLogAlpha(double logAlpha) =>
        (Math.Acos(Math.Exp(logAlpha + LogCosineAtZero)) / Frequency) - Offset;

    private static double Angle(double time) => Frequency * (time + Offset);
}
